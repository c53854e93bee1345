"""A scripted generator behind the server's real interface: the last user message says what to generate.

The parts of the script are words separated by spaces: `text:hello`, `think:hmm`, `call:f:{"a":1}`,
`many:1000` deltas, `wait` (until the test opens the gate), `raise:CODE` (before `Start` if it comes first),
`crash`, `end:length`, `warn:early` (in `Start`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from mlxk.engine.base import EngineStats
from mlxk.errors import ContextLengthExceeded, EngineCrashed, EngineError, MlxkError, Overloaded
from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockKind,
    BlockStart,
    Event,
    Failed,
    Finish,
    FinishReason,
    PromptProgress,
    Start,
    TokenLogprob,
    Usage,
)
from mlxk.protocols.base import ModelCard
from mlxk.requests import GenerationRequest
from mlxk.server.models import Counted, ServedModel

CREATED = 1_700_000_000
ERRORS: dict[str, MlxkError] = {
    "context": ContextLengthExceeded("The prompt is too long.", param="messages"),
    "overloaded": Overloaded("The queue is full."),
    "crashed": EngineCrashed("The engine died."),
    "engine": EngineError("Something broke.", hint="Look at the log."),
}


@dataclass
class Script:
    """What the generator was asked, what became of it, and the gate it waits at."""

    requests: list[GenerationRequest] = field(default_factory=list)
    finished: int = 0
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    said: int = 0
    state: str = "ready"
    residence: ScriptedResidence = field(default_factory=lambda: ScriptedResidence())

    def served(
        self, name: str = "scripted", expose: str = "both", aliases: tuple[str, ...] = ()
    ) -> ServedModel:
        card = ModelCard(name, CREATED, 4096, "c0ffee", aliases, expose)  # type: ignore[arg-type]
        return ServedModel(card, self.generate, self.count, self.stats, ScriptedTokens(), self.residence)

    async def count(self, request: GenerationRequest) -> Counted:
        self.requests.append(request)
        words = script_of(request).split()
        return Counted(len(words), tuple(word for word in words if word.startswith("warn:")))

    async def stats(self) -> EngineStats:
        return EngineStats(state=self.state, running=len(self.requests) - self.finished, waiting=0)  # type: ignore[arg-type]

    async def generate(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        try:
            async for event in self._events(request):
                self.said += 1
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise
        finally:
            self.finished += 1

    async def _events(self, request: GenerationRequest) -> AsyncIterator[Event]:
        words = script_of(request).split()
        if words and words[0].startswith("raise:"):
            raise ERRORS[words[0].removeprefix("raise:")]
        warnings = tuple(word.removeprefix("warn:") for word in words if word.startswith("warn:"))
        yield Start(f"gen-{len(self.requests)}", "scripted", CREATED, warnings)
        yield PromptProgress(5, 5)
        index, tokens, reasoning = 0, 0, 0
        reason: FinishReason = "stop"
        for word in words:
            kind, _, rest = word.partition(":")
            match kind:
                case "wait":
                    self.waiting.set()
                    await self.gate.wait()
                case "raise":
                    yield Failed(ERRORS[rest])
                    return
                case "crash":
                    raise ZeroDivisionError("a bug, with /a/local/path in it")
                case "warn":
                    continue
                case "end":
                    reason = rest  # type: ignore[assignment]
                case "many":
                    yield BlockStart(index, "text")
                    for _ in range(int(rest)):
                        yield BlockDelta(index, "tick ")
                        tokens += 1
                        if tokens % 100 == 0:
                            await asyncio.sleep(0)
                    yield BlockEnd(index)
                    index += 1
                case _:
                    for event in block(index, kind, rest, request.top_logprobs):
                        tokens += isinstance(event, BlockDelta)
                        reasoning += isinstance(event, BlockDelta) and kind == "think"
                        yield event
                    reason = "tool_calls" if kind == "call" else reason
                    index += 1
        yield Finish(reason, Usage(5, tokens, reasoning, 2))


class ScriptedTokens:
    """A character is a token, and its code is the id."""

    async def encode(self, request: GenerationRequest, *, plain: bool) -> Sequence[int]:
        return [*([] if plain else [0]), *map(ord, script_of(request))]

    async def spell(self, ids: Sequence[int]) -> Sequence[str]:
        return [chr(index) for index in ids]

    async def decode(self, ids: Sequence[int]) -> str:
        return "".join(chr(index) for index in ids)


class ScriptedResidence:
    """Tells what was asked of it."""

    def __init__(self) -> None:
        self.name = "engine"
        self.asked: list[object] = []
        self.leaves: float | None = None
        self.restarts = 0
        self.reason: MlxkError | None = None

    async def load(self) -> None:
        self.asked.append("load")

    async def release(self) -> None:
        self.asked.append("release")

    def keep(self, ttl: float | None) -> None:
        self.asked.append(ttl)

    def during(self, ttl: float | None) -> AbstractContextManager[None]:
        self.keep(ttl)
        return nullcontext()

    def expires_at(self) -> float | None:
        return self.leaves


def script_of(request: GenerationRequest) -> str:
    if request.prompt is not None:
        return request.prompt if isinstance(request.prompt, str) else "text:tokens"
    return next(message.content for message in reversed(request.messages) if message.role == "user")


def block(index: int, kind: str, text: str, top_logprobs: int | None) -> Iterator[Event]:
    """What is no word of the script's language is said as it stands."""
    kinds: dict[str, BlockKind] = {"text": "text", "think": "reasoning", "call": "tool_call"}
    name = None
    if kind not in kinds:
        kind, text = "text", f"{kind}:{text}"
    if kind == "call":
        name, _, text = text.partition(":")
    yield BlockStart(index, kinds[kind], f"call_{index}" if name else None, name)
    for start in range(0, len(text), 3):
        piece = text[start : start + 3]
        tokens = () if top_logprobs is None else (logprob(piece, top_logprobs),)
        yield BlockDelta(index, piece, tokens)
    yield BlockEnd(index)


def logprob(text: str, top: int) -> TokenLogprob:
    others = tuple(TokenLogprob(f"{text}{i}", f"{text}{i}".encode(), -1.0 - i) for i in range(top))
    return TokenLogprob(text, text.encode(), -0.5, others)
