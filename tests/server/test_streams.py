"""Streams and their clients: silence, leaving, reading slowly, and the end of the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from mlxk.errors import ModelError
from mlxk.server.limits import Limits
from mlxk.server.service import Service
from tests.server.conftest import Running, Serving
from tests.server.scripted import Script

CHAT = "/v1/chat/completions"


def body(script: str, stream: bool = True) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": script}], "stream": stream}


def send(server: Running, said: dict[str, object], padding: int = 0) -> socket.socket:
    """Sends a request over a socket of its own and leaves the answer unread."""
    content = json.dumps(said).encode() + b" " * padding
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    sock.sendall(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
    return sock


def read_until(sock: socket.socket, mark: bytes) -> bytes:
    said = b""
    while mark not in said:
        data = sock.recv(65536)
        assert data, said
        said += data
    return said


def test_comments_while_nothing_is_said(server: Running) -> None:
    sock = send(server, body("wait text:hello"))
    said = read_until(sock, b": keep-alive\n\n")
    assert b"hello" not in said
    server.open_gate()
    said = read_until(sock, b"[DONE]")
    assert b'"content":"hel' in said
    sock.close()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("padding", [0, 90_000])
def test_leaving_cancels(server: Running, stream: bool, padding: int) -> None:
    sock = send(server, body("text:hello wait", stream), padding)
    server.wait_for(server.script.waiting)
    sock.close()
    server.wait_for(server.script.cancelled)


def test_leaving_cancels_every_choice(server: Running) -> None:
    sock = send(server, {**body("text:hello wait"), "n": 3})
    read_until(sock, b"hel")
    sock.close()
    server.wait_for(server.script.cancelled)
    answer = httpx.get(server.address + "/health").json()
    assert answer["models"] == [{"name": "scripted", "state": "ready", "running": 0, "waiting": 0}]


def test_a_client_that_does_not_read_is_bounded(start_server: Callable[..., Running]) -> None:
    """A mailbox's worth and the sockets' buffers, then the generation is cancelled."""
    server = start_server()
    sock = send(server, body("many:20000000"))
    server.wait_for(server.script.cancelled)
    assert server.script.said < 10_000_000
    sock.close()


def test_a_client_that_reads_late_loses_nothing(server: Running) -> None:
    sock = send(server, body("many:100000 wait"))
    server.wait_for(server.script.waiting)
    server.open_gate()
    said = read_until(sock, b"[DONE]")
    assert said.count(b"tick ") == 100_000
    sock.close()


def test_health_tells_the_truth(start_server: Callable[..., Running]) -> None:
    script = Script()
    server = start_server(script)
    assert httpx.get(server.address + "/health").status_code == 200
    script.state = "dead"
    answer = httpx.get(server.address + "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["models"][0]["state"] == "failed"


async def test_one_of_two_models_that_failed_takes_no_server_out() -> None:
    script, service = Script(), Service()
    other = Script()
    service.serve([script.served("good"), other.served("bad")])
    service.phase = "ready"
    other.state = "dead"
    ready, told = await service.health()
    assert (ready, told["status"]) == (True, "degraded")
    assert {model["name"]: model["state"] for model in told["models"]} == {"good": "ready", "bad": "failed"}
    script.state = "dead"
    ready, told = await service.health()
    assert (ready, told["status"]) == (False, "unavailable")


def test_routes(start_server: Callable[..., Running]) -> None:
    server = start_server(routes={"/v1/models": False, "/api/chat": "openai.chat"})
    assert httpx.get(server.address + "/v1/models").status_code == 404
    assert httpx.post(server.address + "/api/chat", json=body("text:hi", False)).status_code == 200
    assert httpx.post(server.address + CHAT, json=body("text:hi", False)).status_code == 200


def test_starting_answers_503(start_server: Callable[..., Running]) -> None:
    """Until the engine is there, everything but generation answers, and health says why."""
    seen: dict[str, int] = {}
    script = Script()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=serving.running.address) as client:
            seen["health"] = (await client.get("/health")).status_code
            seen["models"] = (await client.get("/v1/models")).status_code
            answer = await client.post(CHAT, json=body("text:hi", False))
            seen["chat"] = answer.status_code
            seen["retry"] = int(answer.headers["retry-after"])
        yield

    serving = Serving(script, lifespan=lifespan)
    serving.start()
    serving.end()
    assert seen == {"health": 503, "models": 200, "chat": 503, "retry": 1}


def test_a_failing_start_ends_the_server() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise ModelError("the weights are corrupt")
        yield

    serving = Serving(Script(), lifespan=lifespan)
    serving.thread.start()
    serving.thread.join(10)  # by itself: one that is told to stop before it fails ends in order
    with pytest.raises(ModelError, match="corrupt"):
        serving.end()


def test_stopping_while_the_engine_starts() -> None:
    """The start is given up, what it held is released, and that is an orderly end."""
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        try:
            running = serving.running
            running.loop.call_soon(running.server.stop)
            await asyncio.Event().wait()
            yield
        finally:
            seen.append("released")

    serving = Serving(Script(), lifespan=lifespan)
    serving.thread.start()
    serving.end()
    assert seen == ["released"]


def test_draining_lets_streams_finish_and_tells_others(server: Running) -> None:
    sock = send(server, body("text:hello wait text:world"))
    read_until(sock, b"hel")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        server.stop()
        assert idle.recv(1) == b"", "idle connections are closed while streams drain"
    live, ready = (httpx.get(f"{server.address}/health/{name}") for name in ("live", "ready"))
    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.json()["status"] == "draining"
    refused = httpx.post(server.address + CHAT, json=body("text:hello"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "engine_unavailable")
    assert refused.headers["retry-after"] == "1"
    server.open_gate()
    assert b"[DONE]" in read_until(sock, b"[DONE]")
    assert sock.recv(65536) in (b"", b"0\r\n\r\n")
    sock.close()
    assert not server.script.cancelled.is_set()


def test_draining_has_an_end(start_server: Callable[..., Running]) -> None:
    server = start_server(limits=Limits(drain_seconds=0.1))
    sock = send(server, body("text:hello wait"))
    read_until(sock, b"lo")
    server.stop()
    said = read_until(sock, b"shutting down")
    assert b'"code":"engine_unavailable"' in said
    sock.close()


def wait_until_draining(address: str) -> None:
    while httpx.get(address + "/health").json()["status"] != "draining":
        pass


PROGRAM = """
import sys
from contextlib import asynccontextmanager
from mlxk.server.listen import bind, url
from mlxk.server.guard import Guard
from mlxk.server.routes import RouteTable
from mlxk.server.serve import serve
from mlxk.server.site import Site
from tests.server.scripted import Script

@asynccontextmanager
async def lifespan():
    yield
    print("closed", flush=True)

sock = bind("127.0.0.1:0")
site = Site((Script().served(),), Guard("127.0.0.1"), RouteTable({}))
serve(site, sock, lifespan=lifespan, on_ready=lambda: print(url(sock), flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_process_in_order(number: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert program.stdout is not None
    address = program.stdout.readline().strip()
    with httpx.stream("POST", address + CHAT, json=body("text:hello wait")) as answer:
        lines = answer.iter_lines()
        while "lo" not in next(lines):
            pass
        program.send_signal(number)
        wait_until_draining(address)
        program.send_signal(number)
        assert any("shutting down" in line for line in lines)
    out, err = program.communicate(timeout=10)
    assert (program.returncode, out, err.replace("\n", "")) == (0, "closed\nended\n", err.strip())
    assert "Traceback" not in err
