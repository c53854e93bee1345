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
        self._reader: asyncio.Future[None] | None = None

    def put(self, choice: int, event: Event) -> None:
        """Raises `Overflow` when too much waits."""
        self._size += _size(event)
        if self._size > self._limit:
            raise Overflow
        if self._waiting and self._waiting[-1].joins(choice, event):
            self._waiting[-1].events.append(event)
        else:
            self._waiting.append(_Waiting(choice, event))
        if self._reader is not None:
            _wake(self._reader)

    async def take(self, patience: float | None = None) -> list[Item]:
        """All that waits, in order; waits for the first. Empty after `patience` seconds without any."""
        if not self._waiting:
            await self._arrival(patience)
        taken, self._waiting = self._waiting, []
        self._size = 0
        return [waiting.item() for waiting in taken]

    async def _arrival(self, patience: float | None) -> None:
        """Wait for something. Once for each token: an `Event` under a `timeout` costs three times as much."""
        loop = asyncio.get_running_loop()
        reader = self._reader = loop.create_future()
        timer = None if patience is None else loop.call_later(patience, _wake, reader)
        try:
            await reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()


def _wake(reader: asyncio.Future[None]) -> None:
    if not reader.done():
        reader.set_result(None)


def _size(event: Event) -> int:
    if isinstance(event, BlockDelta):
        logprobs = event.logprobs
        return len(event.text) + (64 * sum(1 + len(token.top) for token in logprobs) if logprobs else 0)
    return 64
