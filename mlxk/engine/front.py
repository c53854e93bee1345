"""The asyncio side of an engine: one mailbox for each open generation.

An engine's worker delivers whole steps here; readers take them at their own pace. Tokens that pile up while
a reader is slow are handed over as one step, so a slow client costs no more messages than it reads.
`FrontEngine` is what an engine in a thread and one in a process have in common.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from types import TracebackType

from mlxk.engine.base import DEAD, Done, EngineRequest, EngineStats, EngineStep, Tokens
from mlxk.engine.wire import Cancel, Command, Failure, Limit, Submit
from mlxk.errors import EngineUnavailable, MlxkError, RequestError


class Mailbox:
    """Steps of one generation, from the worker to one reader."""

    def __init__(self) -> None:
        self._items: deque[EngineStep | MlxkError] = deque()
        self._reader: asyncio.Future[None] | None = None
        self.ended = False

    def put(self, item: EngineStep | MlxkError) -> None:
        if self.ended:
            return
        self.ended = isinstance(item, Done | MlxkError)
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> EngineStep:
        """The next step, waiting for it; raises the error that ended the generation."""
        if not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        item = self._items.popleft()
        if isinstance(item, Tokens):
            while self._items and isinstance(after := self._items[0], Tokens):
                item = Tokens(item.ids + after.ids, item.logprobs + after.logprobs, item.top + after.top)
                self._items.popleft()
        if isinstance(item, MlxkError):
            raise item
        return item


class Front:
    """The open generations of one engine. `send` hands over a command; `admit` raises when none is taken."""

    def __init__(self, send: Callable[[Command], None], admit: Callable[[], None]) -> None:
        self._send = send
        self._admit = admit
        self._keys = itertools.count(1)
        self._ids: dict[str, int] = {}
        self._open: dict[int, Mailbox] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        """Submit, give steps, and cancel if the reader leaves before the end."""
        self._admit()
        if request.id in self._ids:
            raise RequestError(f"a generation with the id {request.id!r} is already running")
        key = self._ids[request.id] = next(self._keys)
        mailbox = self._open[key] = Mailbox()
        try:
            self._send(Submit(key, request, secrets.randbits(32)))
            while True:
                step = await mailbox.get()
                yield step
                if isinstance(step, Done):
                    return
        finally:
            del self._ids[request.id], self._open[key]
            if not mailbox.ended:
                self._send(Cancel(key))

    def cancel(self, request_id: str) -> None:
        """End a generation early; its reader then gets a `Done`."""
        if (key := self._ids.get(request_id)) is not None:
            self._send(Cancel(key))

    def deliver(self, items: Iterable[tuple[int, EngineStep | Failure]]) -> None:
        """Take one step's worth; what nobody waits for any more is dropped."""
        for key, item in items:
            if (mailbox := self._open.get(key)) is not None:
                mailbox.put(item.error() if isinstance(item, Failure) else item)

    def fail(self, error: MlxkError) -> None:
        """End every open generation with `error`."""
        for mailbox in self._open.values():
            mailbox.put(error)


class FrontEngine(ABC):
    """An engine whose worker is elsewhere: what is asked of it goes through a `Front`."""

    def __init__(self) -> None:
        self._front = Front(self._send, self._admit)
        self._stats = DEAD
        self._died: asyncio.Future[MlxkError] | None = None

    @abstractmethod
    def _send(self, command: Command) -> None:
        """To the worker, if there is one."""

    @abstractmethod
    async def _close(self) -> None:
        """End the worker and all that is open."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def died(self) -> MlxkError:
        """Wait until the worker dies without having been told to; gives the reason."""
        if self._died is None:
            raise EngineUnavailable("the engine was not started")
        return await asyncio.shield(self._died)

    def limit(self, memory_bytes: int) -> None:
        """The most that its process is to hold from now on."""
        self._send(Limit(memory_bytes))

    def _tell_death(self, error: MlxkError) -> None:
        self._front.fail(error)
        if self._died is not None and not self._died.done():
            self._died.set_result(error)

    def _admit(self) -> None:
        if self._stats.state != "ready":
            raise EngineUnavailable(f"the engine is {self._stats.state}")

    def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        return self._front.generate(request)

    async def cancel(self, request_id: str) -> None:
        self._front.cancel(request_id)

    async def stats(self) -> EngineStats:
        return self._stats


def resolve(ready: asyncio.Future[None] | None, error: MlxkError | None) -> None:
    """Tell whoever waits for a start how it went."""
    if ready is None or ready.done():
        return
    if error is None:
        ready.set_result(None)
    else:
        ready.set_exception(error)
        ready.exception()  # whoever awaits it still gets it; nobody awaiting it is no news
