"""What lies between generation and a client: bounded, and small however slow the client reads.

Text that waits is joined with text that follows, so that memory grows with what was said and not with the
number of tokens, and a client that falls behind gets fewer and larger frames.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mlxk.events import BlockDelta, Event, PromptProgress

# Characters of text (and 64 for anything else) that may wait for one client.
LIMIT = 1 << 20

Item = tuple[int, Event]


class Overflow(Exception):
    """The client reads so slowly that its answer no longer fits the mailbox."""


class _Waiting:
    """Neighbouring deltas of one block, joined when they are taken: joining at each put were quadratic."""

    __slots__ = ("choice", "events")

    def __init__(self, choice: int, event: Event) -> None:
        self.choice = choice
        self.events = [event]

    def joins(self, choice: int, event: Event) -> bool:
        last = self.events[-1]
        if choice != self.choice or type(event) is not type(last):
            return False
        if isinstance(event, BlockDelta) and isinstance(last, BlockDelta):
            return event.index == last.index
        return isinstance(event, PromptProgress)

    def item(self) -> Item:
        last = self.events[-1]
        if len(self.events) == 1 or not isinstance(last, BlockDelta):
            return self.choice, last
        deltas = [event for event in self.events if isinstance(event, BlockDelta)]
        text = "".join(delta.text for delta in deltas)
        logprobs = tuple(token for delta in deltas for token in delta.logprobs)
        return self.choice, replace(last, text=text, logprobs=logprobs)


class Mailbox:
    """Many writers, one reader, all on one event loop."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._waiting: list[_Waiting] = []
        self._filled = asyncio.Event()

    def put(self, choice: int, event: Event) -> None:
        """Raises `Overflow` when too much waits."""
        self._size += _size(event)
        if self._size > self._limit:
            raise Overflow
        if self._waiting and self._waiting[-1].joins(choice, event):
            self._waiting[-1].events.append(event)
        else:
            self._waiting.append(_Waiting(choice, event))
        self._filled.set()

    async def take(self, patience: float | None = None) -> list[Item]:
        """All that waits, in order; waits for the first. Empty after `patience` seconds without any."""
        if not self._waiting:
            try:
                async with asyncio.timeout(patience):
                    await self._filled.wait()
            except TimeoutError:
                return []
        taken, self._waiting = self._waiting, []
        self._size = 0
        self._filled.clear()
        return [waiting.item() for waiting in taken]


def _size(event: Event) -> int:
    if isinstance(event, BlockDelta):
        return len(event.text) + 64 * sum(1 + len(token.top) for token in event.logprobs)
    return 64
