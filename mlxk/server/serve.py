"""The server's life: listen, start the engines, serve, drain, end."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, cast

import uvloop
from sanic import Sanic

from mlxk.server.admin import Administration
from mlxk.server.app import make_app, request_limits
from mlxk.server.handler import Handler
from mlxk.server.service import Service
from mlxk.server.site import Site

Lifespan = Callable[[], AbstractAsyncContextManager[object]]
Companion = Callable[[], Coroutine[object, object, None]]

# Seconds between looks at connections that are about to close, and for how long.
_LOOK, _FAREWELL = 0.02, 2.0


class Connection(Protocol):
    """What of Sanic's untyped `HttpProtocol` is used here."""

    def close_if_idle(self) -> bool: ...

    def abort(self) -> None: ...


class HttpServer(Protocol):
    """What of Sanic's untyped `AsyncioServer` is used here."""

    connections: set[Connection]

    async def startup(self) -> None: ...

    async def start_serving(self) -> None: ...

    def close(self) -> object: ...


class Server:
    """Serves models on a socket that is already bound. Lives on one event loop.

    HTTP answers from the start on, with 503 until `lifespan` (which starts the engines) was entered.
    """

    def __init__(self, site: Site, *, tls: ssl.SSLContext | None = None) -> None:
        self.service = Service()
        self._tls = tls
        self._limits = site.limits
        self._handler = Handler(self.service, site)
        self._app = make_app(self._handler, site.limits)
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def administer(self, administration: Administration) -> None:
        """What the administration routes lead to."""
        self._handler.administration = administration

    def apply(self, site: Site) -> None:
        """Serve this from the next request on; what runs goes on as it began."""
        self._limits = site.limits
        self._handler.apply(site)
        # Sanic looks at these for each new connection.
        self._app.config.update(request_limits(site.limits))

    async def run(
        self,
        sock: socket.socket,
        lifespan: Lifespan,
        on_ready: Callable[[], None],
        companion: Companion | None = None,
    ) -> None:
        """Until `stop`. Raises what `lifespan` raises; nothing is left running then.

        `companion` runs beside the server for as long as it takes requests.
        """
        self._task = asyncio.current_task()
        try:
            async with self._listening(sock) as server, lifespan():
                self.service.phase = "ready"
                async with _beside(companion):
                    # The companion hears signals before anybody can know that there is a server.
                    await asyncio.sleep(0)
                    on_ready()
                    await self._stopping.wait()
                _close_idle(server)
                # Who asks meanwhile is told: a closed door would look like a crash.
                await self._drain()
        except asyncio.CancelledError:
            if not self._stopping.is_set() or self._task is None:
                raise
            self._task.uncancel()

    def stop(self) -> None:
        """Let running answers finish and end; a second call gives them no time."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()
        if self.service.phase == "starting" and self._task is not None:
            self._task.cancel()
        self.service.phase = "draining"

    @asynccontextmanager
    async def _listening(self, sock: socket.socket) -> AsyncIterator[HttpServer]:
        try:
            # Accepting begins when the routes are known, which `startup` sees to.
            created = await self._app.create_server(
                sock=sock, ssl=self._tls, asyncio_server_kwargs={"start_serving": False}
            )
            server = cast(HttpServer, created)
            try:
                await server.startup()
                await server.start_serving()
                yield server
            finally:
                server.close()
                await _say_goodbye(server)
        finally:
            Sanic.unregister_app(self._app)

    async def _drain(self) -> None:
        """Wait for the running answers; when time is over, end them with an error."""
        hurry = asyncio.create_task(self._hurry.wait())
        finished = asyncio.create_task(self.service.finished())
        await asyncio.wait(
            (hurry, finished), timeout=self._limits.drain_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        self.service.interrupt()
        # Interrupted answers tell their clients and end; one whose client does not read is cut off later.
        await asyncio.wait((finished,), timeout=_FAREWELL)
        hurry.cancel()
        finished.cancel()


def serve(
    site: Site,
    sock: socket.socket,
    *,
    lifespan: Lifespan,
    on_ready: Callable[[], None],
    tls: ssl.SSLContext | None = None,
    companion: Callable[[Server], Companion] | None = None,
) -> None:
    """Block until SIGINT or SIGTERM and the drain after it; for the main thread.

    What `companion` gives runs beside the server for as long as it takes requests. Raises what `lifespan`
    raises. The socket is closed in any case.
    """

    async def main() -> None:
        server = Server(site, tls=tls)
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            loop.add_signal_handler(number, server.stop)
        try:
            await server.run(sock, lifespan, on_ready, companion(server) if companion else None)
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    with sock, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@asynccontextmanager
async def _beside(companion: Companion | None) -> AsyncIterator[None]:
    if companion is None:
        yield
        return
    task = asyncio.create_task(companion(), name="mlxk-companion")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _say_goodbye(server: HttpServer) -> None:
    """Close connections as their last bytes leave; after that, close them anyhow."""
    deadline = asyncio.get_running_loop().time() + _FAREWELL
    while server.connections and asyncio.get_running_loop().time() < deadline:
        _close_idle(server)
        await asyncio.sleep(_LOOK)
    for connection in list(server.connections):
        connection.abort()


def _close_idle(server: HttpServer) -> None:
    for connection in list(server.connections):
        connection.close_if_idle()
