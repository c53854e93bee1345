"""Which caches a model's sequences have: mlx-lm's own, or quantised ones where the profile says so.

Quantised are the caches that grow with the text. Those that hold a window or a state of fixed size stay as
they are. A sequence's cache is quantised at one place, the token `start`: prompts are processed up to there
and then on from there, so what a token sees does not depend on the sizes of chunks or on other requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx.utils import tree_map

from mlxk.engine import upstream
from mlxk.engine.base import KVQuantization
from mlxk.engine.loader import Model, first_line, is_out_of_memory, out_of_memory
from mlxk.errors import ModelError

_TRIAL = 3  # tokens


@dataclass(frozen=True, slots=True)
class Caches:
    """Makes the caches of one model's sequences."""

    model: Model
    kv: KVQuantization | None = None

    def new(self) -> list[Any]:
        """Caches without content, one for each layer."""
        upstream.prepare()
        from mlx_lm.models.cache import make_prompt_cache

        made: list[Any] = make_prompt_cache(self.model)
        return self.quantized(made) if self.due(made, 0) else made

    def due(self, cache: list[Any], tokens: int) -> bool:
        """Whether a cache that holds `tokens` is to be quantised now."""
        return self.kv is not None and tokens >= self.kv.start and not is_quantized(cache)

    def boundary(self, processed: int) -> int | None:
        """Where in a prompt to stop because the cache changes there."""
        return self.kv.start if self.kv is not None and processed < self.kv.start else None

    def cuts(self, length: int, held: int) -> bool:
        """Whether a cache of `length` tokens may be cut back to `held`: what was quantised stays so."""
        return self.kv is None or length < self.kv.start or held >= self.kv.start

    def quantized(self, cache: list[Any]) -> list[Any]:
        """The same caches, quantised where they can grow."""
        if self.kv is None:
            return cache
        from mlx_lm.models.cache import KVCache

        from mlxk.engine.quantized import QuantizedKV

        bits, size = self.kv.bits, self.kv.group_size
        return [
            QuantizedKV.of(layer, bits=bits, group_size=size) if type(layer) is KVCache else layer
            for layer in cache
        ]

    def to_write(self, cache: list[Any]) -> list[Any]:
        """The same content in mlx-lm's own classes, without room to grow."""
        from mlx_lm.models.cache import KVCache, QuantizedKVCache

        written = []
        for layer in cache:
            if (quantized := is_quantized([layer])) or type(layer) is KVCache:
                kind = QuantizedKVCache if quantized else KVCache
                kept = layer.state[:2]
                if layer.keys is not None:
                    kept = tree_map(lambda part, end=layer.offset: part[..., :end, :], kept)
                written.append(_restored(kind, (*kept, *layer.state[2:])))
            else:
                written.append(layer)
        return written

    def read_back(self, cache: list[Any]) -> list[Any]:
        """What was written, in the classes that sequences here have."""
        from mlxk.engine.quantized import QuantizedKV

        return [_restored(QuantizedKV, layer.state) if is_quantized([layer]) else layer for layer in cache]


def _restored(kind: Any, state: Any) -> Any:
    return kind.from_state(state)


def compact(cache: list[Any]) -> None:
    """Let go of the room behind what caches hold, which is copied with it as soon as they grow."""
    from mlx_lm.models.cache import KVCache

    for layer in cache:
        if (type(layer) is KVCache or is_quantized([layer])) and layer.keys is not None:
            layer.keys, layer.values = tree_map(
                lambda part, end=layer.offset: part[..., :end, :], (layer.keys, layer.values)
            )


def is_quantized(cache: list[Any]) -> bool:
    return any(hasattr(layer, "bits") for layer in cache)


def check(caches: Caches, name: str) -> None:
    """Try quantised caches with a few tokens, alone and together; raises `ModelError` with the reason."""
    if caches.kv is None:
        return
    try:
        _try(caches)
    except Exception as error:  # code of any model family runs here
        if is_out_of_memory(error):
            raise out_of_memory(error) from error
        raise ModelError(
            f"{name} cannot use engine.kv_bits: {first_line(error)}",
            hint="leave `engine.kv_bits` out for this model; a shorter `tokens.context` saves memory too",
        ) from error


def _try(caches: Caches) -> None:
    first, second = (caches.quantized(caches.new()) for _ in range(2))
    if not is_quantized(first):
        raise ValueError("none of its layers keeps keys and values that grow with the text")
    for cache in (first, second):
        caches.model(mx.zeros((1, _TRIAL), dtype=mx.int32), cache=cache)
    if all(hasattr(layer, "merge") for layer in first):
        first = [one.merge([one, other]) for one, other in zip(first, second, strict=True)]
        mx.eval(caches.model(mx.zeros((2, 1), dtype=mx.int32), cache=first))
    else:
        mx.eval(caches.model(mx.zeros((1, 1), dtype=mx.int32), cache=first))
