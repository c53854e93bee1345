"""An engine in a thread of this process, for `run` and `chat`."""

from __future__ import annotations

import asyncio
import queue
import threading
from dataclasses import dataclass
from typing import Self

from mlxk.engine.base import DEAD, STARTING, EngineConfig
from mlxk.engine.front import FrontEngine, resolve
from mlxk.engine.wire import Command, Failure, Inbox, Ready, Report, Steps
from mlxk.errors import EngineCrashed, EngineUnavailable


@dataclass(slots=True)
class _Run:
    """What exists while the thread runs."""

    loop: asyncio.AbstractEventLoop
    ready: asyncio.Future[None]
    thread: threading.Thread
    inbox: Inbox


class ThreadEngine(FrontEngine):
    """Loads and generates in one thread. The thread, and mlx with it, starts on entering.

    What is open when it closes ends with `EngineUnavailable`; if the thread itself fails, `EngineCrashed`.
    """

    def __init__(self, config: EngineConfig) -> None:
        super().__init__()
        self._config = config
        self._run: _Run | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        inbox: Inbox = queue.SimpleQueue()
        thread = threading.Thread(target=self._work, args=(inbox,), name="mlxk-engine", daemon=True)
        self._run = _Run(loop, loop.create_future(), thread, inbox)
        self._died = loop.create_future()
        self._stats = STARTING
        thread.start()
        try:
            await self._run.ready
        except BaseException:
            await self._close()
            raise
        return self

    async def _close(self) -> None:
        if self._run is None:
            return
        self._front.fail(EngineUnavailable("the engine was closed"))
        self._run.inbox.put(None)
        await asyncio.shield(asyncio.to_thread(self._run.thread.join))
        self._run, self._stats = None, DEAD

    def _send(self, command: Command) -> None:
        if self._run is not None:
            self._run.inbox.put(command)

    def _work(self, inbox: Inbox) -> None:
        from mlxk.engine.worker import Worker

        try:
            Worker(self._config, inbox, self._post).run()
        except BaseException as error:
            self._post(Failure.of(EngineCrashed(f"the engine thread died: {error!r}")))
            raise

    def _post(self, report: Report) -> None:
        """Called in the thread."""
        if self._run is not None and not self._run.loop.is_closed():
            self._run.loop.call_soon_threadsafe(self._take, report)

    def _take(self, report: Report) -> None:
        match report:
            case Ready(stats):
                self._stats = stats
                resolve(self._ready, None)
            case Steps(items, stats):
                self._stats = stats
                self._front.deliver(items)
            case Failure():
                self._stats = DEAD
                resolve(self._ready, report.error())
                self._tell_death(report.error())

    @property
    def _ready(self) -> asyncio.Future[None] | None:
        return None if self._run is None else self._run.ready
