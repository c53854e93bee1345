"""What generation says: the one vocabulary that engines' output is turned into and renderers read.

The grammar of one generation, which every surface relies on::

    Start, PromptProgress*, (BlockStart, BlockDelta*, BlockEnd)*, (Finish | Failed)

Blocks never overlap and are numbered from 0. The non-streaming answer is `collect(events)`: there is one
generation path. Counts in `Usage` are counts of real tokens, never estimates.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from mlxk.errors import MlxkError

BlockKind = Literal["reasoning", "text", "tool_call"]
FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one generation.

    `prompt_tokens` includes `cached_tokens`; `completion_tokens` counts every sampled token, those of
    reasoning and the end-of-turn token included; `reasoning_tokens` those sampled inside reasoning.
    """

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cached_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. `first_token` and `total` run from the moment the request was ready for the engine.

    `load` is the part before a loaded engine took it, `queue` the part that it waited there.
    """

    queue: float = 0.0
    first_token: float = 0.0
    total: float = 0.0
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One sampled token with its natural-log probability and the most likely alternatives."""

    token: str
    token_bytes: bytes
    logprob: float
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a generation really runs with, whoever said it: the request, the policy, the profile.

    `max_tokens` bounds the answer. `truncates`: the oldest messages give way to a prompt that is too long.
    `effort` is what the model's template was told, `None` if it was told none; `schema` the one that the
    answer has.
    """

    temperature: float
    top_p: float
    max_tokens: int
    truncates: bool = False
    effort: str | None = None
    schema: Mapping[str, object] | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class Start:
    """Generation was accepted. `created` is a Unix time in seconds; `warnings` are for people.

    `prompt_tokens` is what the prompt has, those that may be cached included.
    """

    id: str
    model: str
    created: int
    warnings: tuple[str, ...] = ()
    prompt_tokens: int = 0
    settings: Settings | None = None


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """`processed` of `total` prompt tokens are in the KV cache."""

    processed: int
    total: int


@dataclass(frozen=True, slots=True)
class BlockStart:
    """A block opens. `id` and `name` are set for a tool call."""

    index: int
    kind: BlockKind
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BlockDelta:
    """More of block `index`: visible text, reasoning text, or a piece of a tool call's JSON arguments."""

    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockEnd:
    index: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Generation ended as it should. `stop_sequence` is the stop string that ended it, if one did."""

    reason: FinishReason
    usage: Usage
    timings: Timings = field(default_factory=Timings)
    stop_sequence: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """Generation broke off; what was said before stands."""

    error: MlxkError


Event = Start | PromptProgress | BlockStart | BlockDelta | BlockEnd | Finish | Failed


@dataclass(frozen=True, slots=True)
class Block:
    """A whole block: its text is the concatenation of its deltas."""

    kind: BlockKind
    text: str
    id: str | None = None
    name: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole generation: what `collect` folds the stream into."""

    start: Start
    blocks: tuple[Block, ...]
    finish: Finish

    @property
    def text(self) -> str:
        return self._joined("text")

    @property
    def reasoning(self) -> str:
        return self._joined("reasoning")

    @property
    def tool_calls(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.kind == "tool_call")

    def _joined(self, kind: BlockKind) -> str:
        return "".join(block.text for block in self.blocks if block.kind == kind)


class Collector:
    """Folds events, one at a time, into a `Completion`."""

    def __init__(self) -> None:
        self._start: Start | None = None
        self._finish: Finish | None = None
        self._open: list[tuple[BlockStart, list[str], list[TokenLogprob]]] = []

    def feed(self, event: Event) -> None:
        """Take one event; raises the error that a `Failed` event carries."""
        match event:
            case Start():
                self._start = event
            case BlockStart():
                self._open.append((event, [], []))
            case BlockDelta():
                _, texts, logprobs = self._open[event.index]
                texts.append(event.text)
                logprobs.extend(event.logprobs)
            case Finish():
                self._finish = event
            case Failed():
                raise event.error
            case PromptProgress() | BlockEnd():
                pass
            case _:
                assert_never(event)

    def completion(self) -> Completion:
        if self._start is None or self._finish is None:
            raise ValueError("the event stream ended before its Finish event")
        blocks = tuple(
            Block(start.kind, "".join(texts), start.id, start.name, tuple(logprobs))
            for start, texts, logprobs in self._open
        )
        return Completion(self._start, blocks, self._finish)


async def collect(events: AsyncIterable[Event]) -> Completion:
    """Fold a stream into the whole answer; raises the error that a `Failed` event carries."""
    collector = Collector()
    async for event in events:
        collector.feed(event)
    return collector.completion()
