"""Ollama's official client downloads from a hub of ours, where the server lets it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import ollama
import pytest

from mlxk.hub import references
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.limits import Limits
from tests.hub.fixtures import cache, hub
from tests.hub.loopback import Fault, Hub
from tests.server.conftest import Running

__all__ = ["cache", "hub"]

WEIGHTS = "model.safetensors"
PULL = "/api/pull"
Start = Callable[..., Running]


@pytest.fixture
def server(start_server: Start, hub: Hub, cache: Path, qwen3_path: Path) -> Running:
    hub.add("org/tiny", qwen3_path)
    limits = Limits(max_body=10_000, keep_alive_seconds=60, drain_seconds=20)
    return start_server(pull=("org/*", "gated/*"), limits=limits)


def held(hub: Hub) -> Fault:
    """The weights stop in the middle until the fault's `hold` is set."""
    return hub.fault(WEIGHTS, cut=1000, hold=threading.Event(), whole=True)


def release(fault: Fault) -> None:
    assert fault.hold is not None
    fault.hold.set()


def leftovers(cache: Path) -> list[Path]:
    return list(cache.rglob("*.incomplete"))


def until_stopped(server: Running) -> None:
    """Wait until the download that nobody wants is over."""

    async def wait() -> None:
        download = server.server._handler._pulls._current
        assert download is not None
        await download._task

    server.do(wait())


def test_progress_as_it_comes(server: Running, hub: Hub, cache: Path) -> None:
    fault = held(hub)
    statuses, seen = [], []
    for part in server.ollama().pull("hf.co/org/tiny:latest", stream=True):
        statuses.append(part.status)
        if part.total:
            seen.append((part.completed, part.total, part.digest))
        if fault.reached.is_set():
            release(fault)
    commit = hub.repos["org/tiny"].commit
    assert list(dict.fromkeys(statuses)) == [
        "pulling manifest",
        f"pulling {commit[:12]}",
        "verifying sha256 digest",
        "success",
    ]
    total = sum(map(len, hub.repos["org/tiny"].files.values()))
    assert (seen[0], seen[-1]) == ((0, total, f"sha1:{commit}"), (total, total, f"sha1:{commit}"))
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert references.locate("org/tiny").name == commit
    assert leftovers(cache) == []


def test_whole_and_once_more(server: Running, hub: Hub) -> None:
    assert server.ollama().pull("org/tiny").status == "success"
    assert server.ollama().pull("org/tiny").status == "success"
    assert hub.asked("GET", WEIGHTS) == 3  # its header twice, and itself once


async def test_the_asynchronous_client(server: Running) -> None:
    client = ollama.AsyncClient(server.address)
    assert [part.status async for part in await client.pull("org/tiny", stream=True)][-1] == "success"


def test_a_client_that_leaves_ends_it(server: Running, hub: Hub, cache: Path) -> None:
    fault = held(hub)
    with closing(server.ollama().pull("org/tiny", stream=True)) as stream:
        assert next(stream).status == "pulling manifest"
        assert fault.reached.wait(60)
    until_stopped(server)
    assert leftovers(cache) == []
    release(fault)
    assert server.ollama().pull("org/tiny").status == "success"


def test_who_asks_for_the_same_joins(server: Running, hub: Hub) -> None:
    fault = held(hub)
    stream = server.ollama().pull("org/tiny", stream=True)
    next(stream)
    assert fault.reached.wait(60)
    second = server.ollama().pull("org/tiny", stream=True)
    next(second)
    # The first may leave: another waits still.
    stream.close()
    release(fault)
    assert list(second)[-1].status == "success"
    assert hub.asked("GET", WEIGHTS) == 3  # its header, what was cut off, and the rest


def test_another_is_told_to_wait(server: Running, hub: Hub, qwen3_path: Path) -> None:
    hub.add("org/other", qwen3_path)
    fault = held(hub)
    stream = server.ollama().pull("org/tiny", stream=True)
    next(stream)
    assert fault.reached.wait(60)
    for name in ("org/other", "org/tiny:v2"):
        answer = httpx.post(server.address + PULL, json={"model": name})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        assert answer.json() == {"error": "Another download is running. Try again when it is over."}
    release(fault)
    assert list(stream)[-1].status == "success"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("else/tiny", 403, "does not download else/tiny: its `server.pull` does not name it"),
        ("orgs/tiny", 403, "does not name it"),
        ("org/none", 404, "there is no model org/none on the hub"),
        ("org/tiny:v9", 404, "org/tiny has no revision v9"),
        ("gated/tiny", 403, "gated/tiny is gated"),
        ("org/gguf", 400, "GGUF files only"),
        ("tiny", 400, "Name one: org/name"),
    ],
)
def test_refusals_come_before_the_first_byte(
    server: Running, hub: Hub, cache: Path, qwen3_path: Path, name: str, status: int, text: str, stream: bool
) -> None:
    hub.add("gated/tiny", qwen3_path, gated=True)
    hub.add("org/gguf", {"model.gguf": b"x" * 100})
    with pytest.raises(ollama.ResponseError) as caught:
        list(server.ollama().pull(name, stream=stream))
    assert caught.value.status_code == status
    assert text in caught.value.error
    assert "--force" not in caught.value.error
    assert not cache.exists() or not list(cache.rglob("blobs/*"))


def test_a_hub_that_does_not_answer(server: Running, hub: Hub) -> None:
    hub.fault("/api/models/org/tiny", status=503, times=9)
    answer = httpx.post(server.address + PULL, json={"model": "org/tiny"})
    assert answer.status_code == 502
    assert answer.json() == {"error": "The hub does not answer the server. Try again later."}


def test_a_server_that_is_offline_asks_no_hub(
    server: Running, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    answer = httpx.post(server.address + PULL, json={"model": "org/tiny"})
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "This server asks no hub: it was started offline."},
    )
    assert hub.requests == []


def test_a_slow_hub_is_waited_for_and_what_it_says_is_a_line(
    start_server: Start, hub: Hub, cache: Path
) -> None:
    server = start_server(pull=("*",), limits=Limits(keep_alive_seconds=0.1))
    hub.add("org/tiny", {})
    slow = hub.fault("/api/models/org/tiny", cut=0, hold=threading.Event())
    with httpx.stream("POST", server.address + PULL, json={"model": "org/tiny"}) as answer:
        text = ""
        for piece in answer.iter_text():
            text += piece
            if text.endswith(" "):
                release(slow)
    first, last = text.splitlines()
    assert json.loads(first) == {"status": "pulling manifest"}
    assert last.startswith(" ")
    assert "error" in json.loads(last)


def test_a_failure_in_the_middle_is_a_line(server: Running, hub: Hub) -> None:
    hub.fault(WEIGHTS, body=bytes(len(hub.repos["org/tiny"].files[WEIGHTS])), whole=True)
    seen: list[str | None] = []
    with pytest.raises(ollama.ResponseError, match="The download failed; the server's log tells why"):
        seen.extend(part.status for part in server.ollama().pull("org/tiny", stream=True))
    assert seen[0] == "pulling manifest"
    assert "success" not in seen


def test_a_stopping_server_lets_it_finish(server: Running, hub: Hub) -> None:
    fault = held(hub)
    stream = server.ollama().pull("org/tiny", stream=True)
    next(stream)
    assert fault.reached.wait(60)
    server.stop()
    release(fault)
    assert list(stream)[-1].status == "success"


def test_a_stopping_server_in_a_hurry_tells(server: Running, hub: Hub, cache: Path) -> None:
    fault = held(hub)
    stream = server.ollama().pull("org/tiny", stream=True)
    next(stream)
    assert fault.reached.wait(60)
    server.stop()
    server.stop()
    with pytest.raises(ollama.ResponseError, match="shutting down"):
        list(stream)


@pytest.mark.parametrize(
    ("admins", "statuses"),
    [([], [401, 401, 200]), ([("ops", "admin-key")], [401, 200, 401])],
    ids=["a key", "an administrator's, where there are any"],
)
def test_keys(
    start_server: Start, hub: Hub, cache: Path, admins: list[tuple[str, str]], statuses: list[int]
) -> None:
    hub.add("org/gguf", {"model.gguf": b"x"})
    guard = Guard("127.0.0.1", keys=Keyring([("ci", "user-key")]), admins=Keyring(admins))
    server = start_server(pull=("org/*",), guard=guard)

    def status(key: str | None) -> int:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        found = httpx.post(server.address + PULL, json={"model": "org/gguf"}, headers=headers).status_code
        return 200 if found == 400 else found  # it came as far as to the hub

    assert [status(key) for key in (None, "admin-key", "user-key")] == statuses


def test_a_body_over_the_limit(server: Running) -> None:
    answer = httpx.post(server.address + PULL, json={"model": "org/tiny", "name": "x" * 20_000})
    assert answer.status_code == 413
    assert "error" in answer.json()
