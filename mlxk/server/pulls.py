"""Downloads that clients ask for, where the profile lets them.

There is one at a time, so that what was found out about room on the disk holds; who asks for the same joins
it. It ends when the last who asked for it has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from sanic import HTTPResponse

from mlxk.errors import Forbidden, MlxkError, Overloaded
from mlxk.protocols.ollama.pull import KEEP_ALIVE, STREAM_TYPE, Progress, Pulled, PullEncoder
from mlxk.server.download import Download
from mlxk.server.exchange import Exchange, let_go

_BUSY_SECONDS = 10


def permit(wanted: Pulled, allowed: Collection[str]) -> None:
    """Raises `Forbidden` for what the profile does not allow."""
    if not allowed:
        raise Forbidden(
            "This server does not download models.",
            hint="Its profile may name those that it does: `server: {pull: [ORG/NAME]}`; "
            "or run 'mlxk pull ORG/NAME' on its machine.",
        )
    if not any(fnmatchcase(wanted.repo, pattern) for pattern in allowed):
        raise Forbidden(f"This server does not download {wanted.repo}: its `server.pull` does not name it.")


class Pulls:
    """The download that runs now, if one does."""

    def __init__(self) -> None:
        self._current: Download | None = None

    @contextmanager
    def watched(self, wanted: Pulled) -> Iterator[Watch]:
        """Somebody waits for a download, for as long as the block; raises `Overloaded` while another runs."""
        download = self._current
        if download is None or download.over:
            download = self._current = Download(wanted)
        elif download.stopped or download.wanted.reference != wanted.reference:
            busy = Overloaded("Another download is running.", hint="Try again when it is over.")
            busy.retry_after = _BUSY_SECONDS
            raise busy
        watch = Watch(download)
        download.watchers.append(watch)
        try:
            yield watch
        finally:
            download.watchers.remove(watch)
            if not download.watchers:
                download.stop()


class Watch:
    """One who waits for a download. No generation: its `size` among those that run is 0."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._error: MlxkError | None = None
        self._changed = asyncio.Event()
        self.size = 0

    def interrupt(self, error: MlxkError) -> None:
        self._error = error
        self.wake()

    def wake(self) -> None:
        self._changed.set()

    async def progress(self, patience: float) -> AsyncIterator[Progress | None]:
        """Each state that is new, `None` after as many silent seconds; raises why it failed."""
        seen: Progress | None = None
        while True:
            self._changed.clear()
            if self._error is not None:
                raise self._error
            now = self._download.progress
            if now is not None and now != seen:
                seen = now
                yield now
            elif self._download.over:
                self._download.check()
                return
            else:
                try:
                    await asyncio.wait_for(self._changed.wait(), patience)
                except TimeoutError:
                    yield None


async def follow(exchange: Exchange, watch: Watch, patience: float, *, stream: bool) -> HTTPResponse | None:
    """Tell a client how its download goes. Errors before the headers are raised, later ones are lines."""
    encoder = PullEncoder()
    states = watch.progress(patience)
    if not stream:
        async for _ in states:
            pass
        return exchange.json(encoder.body())
    # What speaks against it is mostly found before the first state.
    first = await anext(states, None)
    response = await exchange.stream(STREAM_TYPE)
    await response.send(encoder.begin())
    try:
        await response.send(encoder.feed(first) if first else KEEP_ALIVE)
        async for state in states:
            await response.send(encoder.feed(state) if state else KEEP_ALIVE)
        last = encoder.end()
    except MlxkError as error:
        last = encoder.fail(error)
        let_go(error)
    exchange.said_all = True
    await response.send(last)
    await response.send(end_stream=True)
    return None
