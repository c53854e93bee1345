"""An engine over several ranks, each a process with a part of the model, on this machine or on several.

`mlx.launch` starts them; the first one connects back and is to the front what a child is to a
`ProcessEngine`. When one rank dies all do, and the whole group is started again.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
import signal
import socket
import tempfile
from pathlib import Path

import msgspec

from mlxk.engine import launch
from mlxk.engine.base import Distributed, EngineConfig
from mlxk.engine.process import ProcessEngine
from mlxk.engine.wire import Ready, Report
from mlxk.errors import EngineCrashed, EngineError
from mlxk.hub.offline import environment

logger = logging.getLogger(__name__)

START_SECONDS = 60.0
TOKEN_SECONDS = 5.0


class GroupEngine(ProcessEngine):
    """One model in one group of ranks; `config.distributed` says which."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        heartbeat_seconds: float = 2.0,
        hang_seconds: float = 120.0,
        freeze_seconds: float = 20.0,
    ) -> None:
        super().__init__(
            config,
            heartbeat_seconds=heartbeat_seconds,
            hang_seconds=hang_seconds,
            freeze_seconds=freeze_seconds,
        )
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def _connect(self) -> socket.socket:
        if self._config.distributed is None:
            raise ValueError("a group needs to know its hosts")
        token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.setblocking(False)
            await self._launch(self._config.distributed, door, token)
            return await self._accept(self._config.distributed, door, token)

    async def _launch(self, config: Distributed, door: socket.socket, token: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlxk-", ignore_cleanup_errors=True)
        port = launch.first_port(config)
        launcher = await self._run(
            *launch.command(config, port, Path(self._folder.name)),
            env={**environment(), "TMPDIR": self._folder.name},
            stdin=asyncio.subprocess.PIPE,
        )
        self._spawn(self._outlive(launcher))
        summons = launch.Summons(
            front=door.getsockname(),
            leader=launch.leader_address(config, port),
            token=token,
            size=len(config.hosts),
            heartbeat=self._heartbeat,
            freeze=self._freeze,
        )
        _write(launcher, msgspec.json.encode(summons) + b"\n")

    async def _outlive(self, launcher: asyncio.subprocess.Process) -> None:
        """No rank is to go on without its launcher."""
        await launcher.wait()
        if self._transport is not None:
            self._transport.abort()

    async def _accept(self, config: Distributed, door: socket.socket, token: str) -> socket.socket:
        """The first rank's connection; raises `EngineError` when none comes."""
        accepted = asyncio.create_task(_recognised(door, token))
        ended = asyncio.create_task(_ended(self._process))
        try:
            await asyncio.wait((ended, accepted), timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            gone = ended.done()
            if accepted.done():
                return accepted.result()
        finally:
            ended.cancel()
            accepted.cancel()
        raise EngineError(
            "mlx.launch ended before the first rank came up"
            if gone
            else f"the first rank did not come up in {START_SECONDS:.0f} s",
            hint=_advice(config),
        )

    def _take(self, report: Report) -> None:
        super()._take(report)
        if isinstance(report, Ready) and self._process is not None:
            # No rank reads any more. The launcher finds out by writing, and then stops to try without pause.
            _write(self._process, b"\n")
            # Nobody needs its files any more, and a front that is killed cannot remove them.
            self._spawn(self._tidy())

    async def _tidy(self) -> None:
        if self._folder is not None:
            await asyncio.to_thread(self._folder.cleanup)

    def _death(self, code: int | None) -> EngineCrashed:
        return EngineCrashed("one of the engine's ranks died", hint="the log says which, and its last words")

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """At once: there is nothing to write, and the launcher would take its time."""
        self._kill(process)
        await process.wait()

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        """All ranks on this machine, even those that were stopped; others end when their connection does."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # all of them have ended

    async def _close(self) -> None:
        await super()._close()
        await self._tidy()


def _advice(config: Distributed) -> str:
    others = [f"`ssh {host.ssh} true`" for host in config.hosts if not host.here]
    if not others:
        return "the log has more"
    return (
        f"{' and '.join(dict.fromkeys(others))} must work without a question; the first host is this machine"
    )


def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(data)


async def _ended(process: asyncio.subprocess.Process | None) -> None:
    if process is not None:
        await process.wait()


async def _recognised(door: socket.socket, token: str) -> socket.socket:
    """The first connection that knows the token."""
    loop = asyncio.get_running_loop()
    while True:
        connection, _ = await loop.sock_accept(door)
        connection.setblocking(False)
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                said = await _received(connection, len(token))
            if hmac.compare_digest(said, token.encode()):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        except (OSError, TimeoutError):
            logger.info("something that is no rank connected")
        connection.close()


async def _received(connection: socket.socket, count: int) -> bytes:
    """So many bytes, or fewer if no more come."""
    loop, said = asyncio.get_running_loop(), b""
    while len(said) < count and (data := await loop.sock_recv(connection, count - len(said))):
        said += data
    return said
