"""A download that clients wait for: a thread works, its child process fetches, the event loop hears of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from typing import Protocol

from mlxk.engine.architectures import model_types
from mlxk.errors import (
    AccessDenied,
    DownloadFailed,
    Forbidden,
    HubUnreachable,
    InsufficientDisk,
    InsufficientMemory,
    Interrupted,
    MlxkError,
    ModelNotFound,
    ModelUnavailable,
    RequestError,
    UnsupportedModel,
)
from mlxk.hub import preflight
from mlxk.hub.offline import is_offline
from mlxk.hub.preflight import Preflight
from mlxk.hub.pull import pull
from mlxk.memory.room import room_to_fetch
from mlxk.protocols.ollama.pull import Progress, Pulled

logger = logging.getLogger(__name__)


class Watcher(Protocol):
    """Hears that there is something new."""

    def wake(self) -> None: ...


class Download:
    """Begins at once."""

    def __init__(self, wanted: Pulled) -> None:
        self.wanted = wanted
        self.watchers: list[Watcher] = []
        self.progress: Progress | None = None
        self._stop = threading.Event()
        self._failure: MlxkError | None = None
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda _: self._wake())

    @property
    def over(self) -> bool:
        return self._task.done()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Nobody wants it any more; the work hears of it within moments."""
        self._stop.set()

    def check(self) -> None:
        """Raises why it failed."""
        if self._failure is not None:
            raise self._failure

    async def _run(self) -> None:
        name = self.wanted.reference
        try:
            logger.info("downloading %s", name)
            await asyncio.to_thread(self._work)
            logger.info("downloaded %s", name)
        except Interrupted:
            logger.info("the download of %s was stopped: nobody waits for it", name)
        except MlxkError as error:
            logger.warning("the download of %s failed: %s (%s)", name, error, error.hint)
            self._failure = _told(error, self.wanted)
        except Exception:
            # The edge: a bug must not leave clients waiting.
            logger.exception("the download of %s failed unexpectedly", name)
            self._failure = DownloadFailed("The download failed unexpectedly.")
        finally:
            self._stop.set()

    def _work(self) -> None:
        """In a thread."""
        if is_offline():
            raise Forbidden("This server asks no hub: it was started offline.")
        found = preflight.check(self.wanted.repo, self.wanted.revision, model_types=model_types())
        room_to_fetch(found)
        self._hear(found, {"fetched": 0, "checked": 0})
        pull(found, lambda said: self._hear(found, said))
        self._tell(Progress(found.commit, found.total_bytes, found.total_bytes, verifies=True))

    def _hear(self, found: Preflight, said: Mapping[str, int]) -> None:
        """In the thread: how far the work is. Raises `Interrupted` when nobody waits for it."""
        if self._stop.is_set():
            raise Interrupted("nobody waits for it")
        here = found.total_bytes - found.download_bytes
        completed = min(here + said["fetched"], found.total_bytes)
        self._tell(Progress(found.commit, completed, found.total_bytes, verifies=said["checked"] > 0))

    def _tell(self, progress: Progress) -> None:
        self._loop.call_soon_threadsafe(self._take, progress)

    def _take(self, progress: Progress) -> None:
        self.progress = progress
        self._wake()

    def _wake(self) -> None:
        for watcher in self.watchers:
            watcher.wake()


def _told(error: MlxkError, wanted: Pulled) -> MlxkError:
    """What a client is told. Hints of the hub's errors are for people at the server's machine."""
    hint = f"On the server's machine, 'mlxk pull {wanted.reference}' tells what to do."
    match error:
        case RequestError():
            return error
        case ModelUnavailable():
            return ModelNotFound(error.message)
        case AccessDenied():
            return Forbidden(error.message, hint=hint)
        case UnsupportedModel():
            return RequestError(error.message, param="model")
        case InsufficientMemory():
            return InsufficientMemory(error.message, hint=hint)
        case InsufficientDisk():
            return DownloadFailed("The server's disk has no room for it.", hint=hint)
        case HubUnreachable():
            return DownloadFailed("The hub does not answer the server.", hint="Try again later.")
        case _:
            return DownloadFailed("The download failed; the server's log tells why.", hint=hint)
