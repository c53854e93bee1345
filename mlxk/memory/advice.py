"""What to change when a model does not fit, with the figures that each change leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlxk.engine.base import EngineConfig, KVQuantization
from mlxk.errors import InsufficientMemory
from mlxk.hub.sizes import show
from mlxk.memory.need import MemoryNeed, Model, changed

_SMALLEST_CONTEXT = 1024
_SHOWN = 3  # suggestions in an error's hint


def advice(
    model: Model, load: EngineConfig, limit: int, *, fused: bool = False
) -> list[tuple[str, MemoryNeed]]:
    """Changes of a profile after which the model fits `limit` bytes, each with what it needs then."""
    found = []
    for said, better in _changes(model, load, limit, fused):
        need = model.need(better, promised=better.context_length, fused=fused)
        if need.most <= limit:
            found.append((said, need))
    return found


def _changes(model: Model, load: EngineConfig, limit: int, fused: bool) -> Iterator[tuple[str, EngineConfig]]:
    def fits(better: EngineConfig) -> bool:
        return model.need(better, fused=fused).most <= limit

    if load.kv is None and model.quantises:
        yield "engine.kv_bits: 8", changed(load, kv=KVQuantization(bits=8))
    for concurrency in _halves(load.max_concurrency, 1):
        better = changed(load, max_concurrency=concurrency)
        if fits(better):
            yield f"engine.concurrency: {concurrency}", better
            break
    for count in dict.fromkeys((load.max_concurrency, min(load.max_concurrency, 4), 1)):
        for context in _halves(_power(load.context_length), _SMALLEST_CONTEXT):
            better = changed(load, context_length=context, max_concurrency=count)
            if fits(better):
                also = "" if count == load.max_concurrency else f" with engine.concurrency: {count}"
                yield f"tokens.context: {context}{also}", better
                break
    if load.prompt_cache_bytes and load.prompt_cache_entries:
        bare = changed(load, prompt_cache_bytes=0)
        yield 'engine.prompt_cache.bytes: "0"', bare
        for context in _halves(_power(2 * load.context_length), _SMALLEST_CONTEXT):
            better = changed(bare, context_length=min(context, load.context_length), max_concurrency=1)
            if fits(better):
                also = 'engine.concurrency: 1, engine.prompt_cache.bytes: "0"'
                yield f"tokens.context: {better.context_length}, {also}", better
                break


def _power(number: int) -> int:
    """The largest power of two below it."""
    return 1 << max((number - 1).bit_length() - 1, 0)


def _halves(number: int, least: int) -> Iterator[int]:
    while number >= least:
        yield number
        number //= 2


def refusal(
    name: str,
    need: MemoryNeed,
    limit: int,
    suggestions: list[tuple[str, MemoryNeed]],
    *,
    needed: int | None = None,
    others: Mapping[str, int] | None = None,
) -> InsufficientMemory:
    """Why this model is not loaded, and what would help. `others` are models that keep their place."""
    total = need.most if needed is None else needed
    taken = f", of which {_listed(others)} is taken for good" if others else ""
    message = (
        f"{name} needs {show(total)} of memory and there is {show(limit)}{taken}: "
        f"weights {show(need.weights)}, {_largest(need, total)}"
    )
    hints = [f"{said} ({show(better.most)})" for said, better in suggestions[:_SHOWN]]
    hints += _unpinned(total, limit, others or {})
    hint = f"it would fit with {', or '.join(hints)}" if hints else "use a smaller or more quantised model"
    return InsufficientMemory(message, hint=hint)


def _unpinned(needed: int, limit: int, others: Mapping[str, int]) -> list[str]:
    """Which of the models that keep their place would make enough room, the smallest one alone."""
    excess = needed + sum(others.values()) - limit
    enough = [(size, name) for name, size in others.items() if size >= excess]
    return [f"a `ttl` other than `never` for {name} ({show(size)})" for size, name in sorted(enough)[:1]]


def _listed(others: Mapping[str, int]) -> str:
    return ", ".join(f"{show(size)} ({name})" for name, size in others.items())


def _largest(need: MemoryNeed, total: int) -> str:
    if total == need.least:
        return f"one request {show(need.least_cache + need.least_prefill)}"
    return ", ".join(f"{name} {show(size)}" for name, size in need.parts().items() if name != "weights")
