"""An engine in a process of its own, for servers.

The child is one loaded model: a crash in it is an error here, and its exit gives all memory back. It is
started as a new interpreter (MLX does not survive a fork), in a session of its own, so that Ctrl-C in a
terminal reaches the front alone. The front, this module, never imports mlx.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Self

from mlxk.engine import printed
from mlxk.engine.base import DEAD, STARTING, EngineConfig
from mlxk.engine.front import FrontEngine, resolve
from mlxk.engine.wire import (
    Close,
    Command,
    Failure,
    Load,
    Pulse,
    Ready,
    Report,
    Steps,
    encode,
    report_decoder,
)
from mlxk.errors import EngineCrashed, EngineError, EngineUnavailable
from mlxk.hub.offline import environment

logger = logging.getLogger(__name__)

EXIT_SECONDS = 5.0
WRITE_SECONDS = 10.0
REAP_SECONDS = 0.05
# While it loads, a child may be silent for so many times as long: libraries, of some GB with
# CUDA, are read under the interpreter's lock.
LOADING = 6
# Real-time signals have no names.
_SIGNALS: Mapping[int, str] = MappingProxyType({number.value: number.name for number in signal.Signals})


class _Link(asyncio.Protocol):
    """Frames from the child, to the engine."""

    def __init__(self, engine: ProcessEngine) -> None:
        self._engine = engine
        self._decoder = report_decoder()

    def data_received(self, data: bytes) -> None:
        for report in self._decoder.feed(data):
            self._engine._take(report)

    def connection_lost(self, error: Exception | None) -> None:
        self._engine._lost()


class ProcessEngine(FrontEngine):
    """One model in one child. Silence counts as death: of the process itself, which has nothing else to do,
    for `freeze_seconds`, longer while it loads, and then of its worker for `hang_seconds`, as a step may take
    long.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        heartbeat_seconds: float = 2.0,
        hang_seconds: float = 120.0,
        freeze_seconds: float = 20.0,
    ) -> None:
        super().__init__()
        self._config = config
        self._heartbeat = heartbeat_seconds
        self._hang = hang_seconds
        self._freeze = freeze_seconds
        self._heard = self._beat = 0.0
        self._closing = False
        self._silent: float | None = None  # seconds, if that is why the child was killed
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._ready: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is a child."""
        return None if self._process is None else self._process.pid

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._ready, self._died = loop.create_future(), loop.create_future()
        self._stats, self._closing, self._silent = STARTING, False, None
        try:
            await self._start(loop)
            self._heard = self._beat = loop.time()
            self._watch(loop, loop.time())
            await self._ready
        except OSError as error:
            await self._close()
            raise EngineError(f"the engine process cannot be started: {error}") from error
        except BaseException:
            await self._close()
            raise
        return self

    async def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        ours = await self._connect()
        connect = loop.create_unix_connection if ours.family == socket.AF_UNIX else loop.create_connection
        try:
            self._transport, _ = await connect(lambda: _Link(self), sock=ours)
        except BaseException:
            ours.close()
            raise
        self._send(Load(self._config))

    async def _connect(self) -> socket.socket:
        """Start the child; gives the socket to it."""
        ours, theirs = socket.socketpair()
        arguments = str(theirs.fileno()), str(self._heartbeat)
        try:
            with theirs:
                await self._run(
                    *(sys.executable, "-P", "-m", "mlxk.engine.child", *arguments),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    env=environment(),
                )
        except BaseException:
            ours.close()
            raise
        return ours

    async def _run(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        """Start a process in a session of its own, whose output goes to the log."""
        self._process = await asyncio.create_subprocess_exec(
            *command,
            start_new_session=True,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            **options,
        )
        self._spawn(printed.log(self._process))
        return self._process

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close(self) -> None:
        """Whoever waits for it may give up; the child ends all the same."""
        self._closing = True
        self._stats = DEAD
        self._front.fail(EngineUnavailable("the engine was closed"))
        if self._watcher is not None:
            self._watcher.cancel()
        await asyncio.shield(self._spawn(self._leave()))

    async def _leave(self) -> None:
        """Let the child go, and wait until it is gone."""
        process, transport = self._process, self._transport
        if process is not None and self._config.prompt_folder is not None:
            self._send(Close())
            await _wait(process, WRITE_SECONDS)
        if transport is not None:
            transport.close()
        if process is not None:
            await self._end(process)
        others = self._tasks - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=EXIT_SECONDS)
        self._process = self._transport = None

    def _send(self, command: Command) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(command))

    def _take(self, report: Report) -> None:
        self._beat = asyncio.get_running_loop().time()
        if not isinstance(report, Pulse):
            self._heard = self._beat
        match report:
            case Pulse():
                return
            case Ready(stats):
                self._stats = stats
                resolve(self._ready, None)
            case Steps(items, stats):
                self._stats = stats
                self._front.deliver(items)
            case Failure():
                resolve(self._ready, report.error())

    def _lost(self) -> None:
        """The socket ended: on purpose, or because the child is gone."""
        self._stats = DEAD
        if not self._closing:
            self._spawn(self._bury())

    async def _bury(self) -> None:
        error = self._death(await _exit_code(self._process))
        resolve(self._ready, error)
        self._tell_death(error)

    def _death(self, code: int | None) -> EngineCrashed:
        if self._silent is not None:
            return EngineCrashed(f"the engine process stood still for {self._silent:.0f} s and was ended")
        return EngineCrashed(f"the engine process died{_reason(code)}", hint="the log has its last words")

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """The closed socket ends the child; a signal does, if that does not."""
        if not await _wait(process, EXIT_SECONDS):
            self._kill(process)
            await process.wait()

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.kill()

    def _watch(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Kill a child that gives no sign of life; its death is then told as any other.

        `due` is when this should have run: where this process itself stood still, the child is given time.
        """
        if self._stats.state == "dead" or self._process is None:
            return
        now, every = loop.time(), min(self._hang, self._freeze) / 4
        if now - due > every:
            self._heard = self._beat = now
        limits = [(now - self._beat, self._freeze), (now - self._heard, self._hang)]
        if self._stats.state == "starting":
            limits = [(now - self._beat, LOADING * self._freeze)]
        for silent, limit in limits:
            if silent > limit:
                logger.error("no sign of life from engine process %d for %.0f s", self._process.pid, silent)
                self._silent = silent
                self._kill(self._process)
                return
        self._watcher = loop.call_later(every, self._watch, loop, now + every)


async def _wait(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether the child ended in time."""
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _exit_code(process: asyncio.subprocess.Process | None) -> int | None:
    if process is None:
        return None
    try:
        return await asyncio.wait_for(asyncio.shield(process.wait()), REAP_SECONDS)
    except TimeoutError:
        return None


def _reason(code: int | None) -> str:
    if code is None:
        return ""
    if code >= 0:
        return f" with exit status {code}"
    name = _SIGNALS.get(-code, f"signal {-code}")
    return f" of {name}" + (" (perhaps the system ran out of memory)" if name == "SIGKILL" else "")
