"""A real server in a thread of its own, on an ephemeral port, over a scripted generator."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import anthropic
import ollama
import openai
import pytest
import uvloop

from mlxk.server.guard import Guard
from mlxk.server.limits import Limits
from mlxk.server.listen import bind, url
from mlxk.server.routes import RouteTable
from mlxk.server.serve import Server
from mlxk.server.site import Site
from tests.server.scripted import Script


class Running:
    """A server that runs; `script` is what it serves. Thread-safe."""

    def __init__(self, script: Script, address: str, loop: asyncio.AbstractEventLoop, server: Server) -> None:
        self.script = script
        self.address = address
        self.loop = loop
        self.server = server
        self.clients = ExitStack()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def do(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run something on the server's loop, at most a minute."""
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def wait_for(self, event: asyncio.Event) -> None:
        async def wait() -> None:
            await event.wait()

        self.do(wait())

    def open_gate(self) -> None:
        self.loop.call_soon_threadsafe(self.script.gate.set)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.stop)

    def anthropic(self) -> anthropic.Anthropic:
        client = anthropic.Anthropic(base_url=self.address, api_key="none", max_retries=0)
        return self.clients.enter_context(client)

    def ollama(self) -> ollama.Client:
        return self.clients.enter_context(ollama.Client(self.address))

    def client(self, **options: Any) -> openai.OpenAI:
        client = openai.OpenAI(base_url=f"{self.address}/v1", api_key="none", max_retries=0, **options)
        return self.clients.enter_context(client)


class Serving:
    """Runs a server in a thread until it has ended."""

    def __init__(self, script: Script, **options: Any) -> None:
        self._script = script
        self._options = {"guard": Guard("127.0.0.1"), "routes": {}, **options}
        self._ready = threading.Event()
        self._running: Running | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    @property
    def running(self) -> Running:
        assert self._running is not None
        return self._running

    def start(self) -> Running:
        self.thread.start()
        assert self._ready.wait(10)
        return self.running

    def end(self) -> None:
        if self.thread.is_alive() and self._running is not None:
            self._running.open_gate()
            self._running.stop()
            self._running.clients.close()
        self.thread.join(10)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told to the test's thread
            self.error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        with bind("127.0.0.1:0") as sock:
            models = self._options.pop("models", None) or [self._script.served(aliases=("nick",))]
            lifespan = self._options.pop("lifespan", nothing)
            options = self._options
            site = Site(
                tuple(models),
                options["guard"],
                RouteTable(options["routes"]),
                options.get("limits", Limits()),
                options.get("log_content", False),
                options.get("pull", ()),
            )
            server = Server(site)
            loop = asyncio.get_running_loop()
            self._running = Running(self._script, url(sock), loop, server)
            await server.run(sock, lifespan, self._ready.set)


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


@pytest.fixture
def start_server() -> Iterator[Callable[..., Running]]:
    """Starts servers with options of their own; ends them after the test."""
    started: list[Serving] = []

    def start(script: Script | None = None, **options: Any) -> Running:
        serving = Serving(script or Script(), **options)
        started.append(serving)
        return serving.start()

    yield start
    for serving in started:
        serving.end()


@pytest.fixture
def server(start_server: Callable[..., Running]) -> Running:
    limits = Limits(max_body=100_000, keep_alive_seconds=0.2, drain_seconds=5)
    return start_server(limits=limits)
