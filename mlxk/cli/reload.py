"""A server follows its files: what a saved edit or SIGHUP changes is applied, without dropping a stream.

An edit that is not valid changes nothing, and the log says why. What only a restart can change is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from watchfiles import awatch

from mlxk.cli.hang_up import HangUp
from mlxk.cli.running import Note
from mlxk.cli.serving import Configuration
from mlxk.config.difference import Difference
from mlxk.config.effects import Effect
from mlxk.errors import ConfigurationRefused, EngineError, EngineUnavailable, MlxkError, RequestError
from mlxk.protocols.base import Json
from mlxk.server.logs import Log
from mlxk.server.pool import Pool
from mlxk.server.serve import Server

logger = logging.getLogger(__name__)

# Milliseconds of quiet after a change: editors write a file in several steps.
_QUIET = 200


class Reloader:
    """Holds the configuration that is served. `read` resolves it anew; it raises what is wrong with it."""

    def __init__(
        self,
        current: Configuration,
        read: Callable[[], Configuration],
        pool: Pool,
        log: Log,
        server: Server,
        note: Note,
        hang_up: HangUp,
    ) -> None:
        self._note = note
        self._current = current
        self._read = read
        self._pool = pool
        self._log = log
        self._server = server
        self._asked = asyncio.Event()
        self._seen = _stamps(current)
        self._hang_up = hang_up
        self._waiting: list[asyncio.Future[Json]] = []

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        with self._hang_up.told_to(lambda gone: loop.call_soon_threadsafe(self._hung_up, gone)):
            try:
                while True:
                    await self._change()
                    await self._follow()
            finally:
                _refuse(self._waiting, EngineUnavailable("The server is shutting down."))

    async def _change(self) -> None:
        """Wait until there may be something to read."""
        watcher = asyncio.create_task(self._watch())
        try:
            if self._changed_meanwhile():
                self._asked.set()
            await self._asked.wait()
        finally:
            watcher.cancel()
            await asyncio.wait([watcher])
        self._asked.clear()

    async def _follow(self) -> None:
        """Read anew, and tell those who wait for it."""
        self._seen = _stamps(self._current)
        waiting, self._waiting = self._waiting, []
        try:
            found = await self.reload()
            _answer(waiting, _told(found, self._current.config_hash))
        except MlxkError as error:
            hint = f"\nhint: {error.hint}" if error.hint else ""
            logger.error("the new configuration is not used; the old one stays\n%s%s", error, hint)
            _refuse(waiting, error)
        except Exception as error:
            # An edge: with this task, every later change would be lost.
            logger.exception("the new configuration is not used; the old one stays")
            _refuse(waiting, EngineError(f"The configuration could not be read anew: {error}."))

    async def ask(self) -> Json:
        """Reload now, and tell what changed. Raises `ConfigurationRefused`."""
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._asked.set()
        return await answer

    def _hung_up(self, gone: bool) -> None:
        """SIGHUP: a request to reload, unless it is the terminal that is gone."""
        if gone:
            self._server.stop()
        else:
            self._asked.set()

    def _changed_meanwhile(self) -> bool:
        """Whether a file changed while nobody watched: during a load, or a reload."""
        now = _stamps(self._current)
        return any(now.get(path) != stamp for path, stamp in self._seen.items() if path in now)

    async def _watch(self) -> None:
        """Folders are watched rather than files: editors and checkouts replace files."""
        files = frozenset(_watched(self._current))
        folders = {path.parent for path in files if path.parent.is_dir()}
        try:
            async for changes in awatch(*folders, debounce=_QUIET, step=_QUIET // 4, recursive=False):
                if any(Path(changed) in files for _, changed in changes):
                    self._asked.set()
        except (OSError, RuntimeError, ExceptionGroup) as error:
            # Such as the limit of what a user may watch.
            logger.warning("saved edits are not noticed: %s; SIGHUP and /admin/reload still work", error)

    async def reload(self) -> list[Difference]:
        """What changed; raises why nothing did."""
        new = await asyncio.to_thread(self._read)
        found = self._current.changes(new)
        if not found and new.plans == self._current.plans:
            logger.info("the configuration is what it was")
            return []
        await self._apply(new)
        await asyncio.to_thread(self._note.write, new)
        _tell(found, new.config_hash)
        return found

    async def _apply(self, new: Configuration) -> None:
        old = self._current
        order = self._pool.arrange(new.wishes)
        site = await asyncio.to_thread(new.site, order.slot)
        try:
            self._resize(new)
            async with self._pool.rearranged(order, self._server.service):
                self._server.apply(site)
                self._log.apply(new.profile.log)
                self._current = new
        except BaseException:
            self._resize(old)
            raise

    def _resize(self, configuration: Configuration) -> None:
        room = configuration.residences
        self._pool.resize(budget=room.budget, max_models=room.max_models, patience=room.patience)


def _answer(waiting: Iterable[asyncio.Future[Json]], said: Json) -> None:
    for answer in waiting:
        if not answer.done():
            answer.set_result(said)


def _refuse(waiting: Iterable[asyncio.Future[Json]], error: MlxkError) -> None:
    """An operator is told what is wrong with a file, in the words of the log."""
    known = isinstance(error, RequestError | EngineError)
    told = error if known else ConfigurationRefused(str(error), hint=error.hint)
    for answer in waiting:
        if not answer.done():
            answer.set_exception(told)


def _told(found: Sequence[Difference], config_hash: str) -> Json:
    return {
        "config_hash": config_hash,
        "changes": [
            {"key": item.key, "before": item.before, "after": item.after, "takes_effect": item.effect}
            for item in found
        ],
    }


def _stamps(configuration: Configuration) -> dict[Path, int]:
    """When the files were last written, in nanoseconds; 0 for one that is not there."""
    found = {}
    for path in _watched(configuration):
        try:
            found[path] = path.stat().st_mtime_ns
        except OSError:
            found[path] = 0
    return found


def _watched(configuration: Configuration) -> Iterable[Path]:
    for plan in configuration.plans:
        template = plan.profile.model.chat_template
        if template is not None and Path(template).is_absolute():
            yield Path(template)
    for path in configuration.read:
        yield path
        yield path.resolve()


def _tell(found: Iterable[Difference], config_hash: str) -> None:
    by_effect: dict[Effect, list[str]] = {"live": [], "reload": [], "restart": []}
    for item in found:
        by_effect[item.effect].append(f"{item.key}: {item.before} → {item.after}")
    for effect, lines in by_effect.items():
        for line in lines:
            if effect == "restart":
                logger.warning("%s: waits for a restart of the server", line)
            else:
                logger.info("changed %s", line)
    logger.info("the new configuration is used, config %s", config_hash[:12])
