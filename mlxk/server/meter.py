"""What one request's generations do while they run: when they spoke, how they ended, what they took."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from mlxk.events import BlockDelta, BlockStart, Event, Failed, Finish, Usage


class Meter:
    """`on_gap` is told the seconds between two pieces of one answer; it is called for every piece.

    `transcript` keeps what is said, where a log may have it.
    """

    def __init__(self, on_gap: Callable[[float], None], transcript: Transcript | None = None) -> None:
        self._on_gap = on_gap
        self._transcript = transcript
        self._began = perf_counter()
        self._spoke: dict[int, float] = {}
        self.finishes: list[Finish] = []
        self.failure: str | None = None
        self.first_token_seconds: float | None = None

    def feed(self, choice: int, event: Event) -> None:
        if self._transcript is not None:
            self._transcript.feed(choice, event)
        match event:
            case BlockDelta():
                now = perf_counter()
                if self.first_token_seconds is None:
                    self.first_token_seconds = now - self._began
                if choice in self._spoke:
                    self._on_gap(now - self._spoke[choice])
                self._spoke[choice] = now
            case Finish():
                self.finishes.append(event)
            case Failed():
                self.failure = event.error.code

    @property
    def usage(self) -> Usage:
        """Tokens of all generations that ended, in sum."""
        usages = [finish.usage for finish in self.finishes]
        return Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
            cached_tokens=sum(usage.cached_tokens for usage in usages),
        )

    def fields(self) -> dict[str, object]:
        """For a log that programs read: tokens in sum, the longest wait in the queue, seconds."""
        said: dict[str, object] = {}
        if self._transcript is not None:
            said["answer"] = self._transcript.fields()
        if self.first_token_seconds is not None:
            said["first_token_seconds"] = round(self.first_token_seconds, 6)
        if self.finishes:
            usage = self.usage
            said |= {
                "queue_seconds": round(max(finish.timings.queue for finish in self.finishes), 6),
                "prompt_tokens": usage.prompt_tokens,
                "cached_tokens": usage.cached_tokens,
                "completion_tokens": usage.completion_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
                "finish_reasons": [finish.reason for finish in self.finishes],
            }
        return said

    def __str__(self) -> str:
        """For a log that people read."""
        said = []
        if self.finishes:
            usage = self.usage
            reasons = "/".join(finish.reason for finish in self.finishes)
            cached = f" ({usage.cached_tokens} cached)" if usage.cached_tokens else ""
            said.append(f"{usage.prompt_tokens}{cached} + {usage.completion_tokens} tokens, {reasons}")
        if self.first_token_seconds is not None:
            said.append(f"first after {self.first_token_seconds:.3f} s")
        return ", ".join(said)


class Transcript:
    """What was answered, block by block; for logs that may have it."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], tuple[BlockStart, list[str]]] = {}

    def feed(self, choice: int, event: Event) -> None:
        match event:
            case BlockStart():
                self._blocks[choice, event.index] = event, []
            case BlockDelta():
                self._blocks[choice, event.index][1].append(event.text)

    def fields(self) -> list[dict[str, object]]:
        return [
            {"choice": choice, "kind": start.kind, "name": start.name, "text": "".join(texts)}
            for (choice, _), (start, texts) in sorted(self._blocks.items())
        ]
