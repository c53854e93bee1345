"""The administration routes: behind keys of their own, over the real pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mlxk.errors import ConfigurationRefused
from mlxk.protocols.base import Json
from mlxk.server.admin import Administration
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.pool import Pool
from tests.server.conftest import Running
from tests.server.pooled import World, claim, config, place
from tests.server.scripted import Script

Start = Callable[..., Running]
OPS = {"authorization": "Bearer opener"}
ROUTES = [("GET", "/admin/ps"), ("POST", "/admin/load"), ("POST", "/admin/unload"), ("POST", "/admin/reload")]


def guard(**options: Any) -> Guard:
    return Guard("127.0.0.1", admins=Keyring([("ops", "opener")]), **options)


async def refuse_the_file() -> Json:
    raise ConfigurationRefused("p.yaml:3: unknown key `sampling.top`", hint="did you mean `top_p`?")


@pytest.fixture
def administered(start_server: Start) -> Running:
    """Serves `a`, and `b`, which cannot be loaded."""
    script = Script()
    server = start_server(
        script, guard=guard(), models=[script.served("a", aliases=("nick",)), script.served("b")]
    )

    async def administer() -> None:
        world = World()
        world.broken = {"b"}
        pool = Pool(factory=world.factory)
        place(pool, config("a"), ttl=None, claim=claim(70))
        place(pool, config("b"), ttl=None, claim=claim(30), pinned=True)
        server.server.administer(Administration(server.server.service, pool, refuse_the_file))

    server.do(administer())
    return server


def ask(server: Running, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    return httpx.request(method, server.address + path, json=body, headers=headers)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_keys_administration_is_off(server: Running, method: str, path: str) -> None:
    answer = ask(server, method, path, **OPS)
    assert answer.status_code == 403
    assert "admin_keys" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_key_of_a_client_does_not_open_it(start_server: Start, method: str, path: str) -> None:
    server = start_server(guard=guard(keys=Keyring([("ann", "client")])))
    for key in ({}, {"x-api-key": "client"}, {"x-api-key": "opene"}):
        answer = ask(server, method, path, **key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert ask(server, "GET", "/v1/models", **OPS).status_code == 401


def test_models_are_told_loaded_and_unloaded(administered: Running) -> None:
    asleep = {"state": "asleep", "bytes": 0, "running": 0, "waiting": 0, "expires_at": None, "failure": None}
    answer = ask(administered, "GET", "/admin/ps", **OPS)
    assert answer.json() == {
        "status": "ready",
        "models": [{"name": "a", "pinned": False, **asleep}, {"name": "b", "pinned": True, **asleep}],
    }
    loaded = ask(administered, "POST", "/admin/load", {"model": "nick"}, **OPS).json()
    assert loaded == {"name": "a", "pinned": False, **asleep, "state": "ready", "bytes": 70}
    unloaded = ask(administered, "POST", "/admin/unload", {"model": "a", "drain_seconds": 1}, **OPS).json()
    assert (unloaded["state"], unloaded["bytes"]) == ("asleep", 0)


def test_what_cannot_be_loaded_is_told(administered: Running) -> None:
    answer = ask(administered, "POST", "/admin/load", {"model": "b"}, **OPS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "insufficient_memory")
    failed = ask(administered, "GET", "/admin/ps", **OPS).json()["models"][1]
    assert (failed["state"], failed["failure"]["message"]) == ("failed", "too large")


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/admin/load", {"model": "none"}, 404, "model"),
        ("/admin/load", {"model": 5}, 400, "model"),
        ("/admin/load", {"modle": "a"}, 400, "modle"),
        ("/admin/unload", {"model": "a", "drain_seconds": -1}, 400, "drain_seconds"),
        ("/admin/reload", {"model": "a"}, 400, "model"),
    ],
)
def test_what_is_wrong_is_named(
    administered: Running, path: str, body: object, status: int, param: str
) -> None:
    answer = ask(administered, "POST", path, body, **OPS)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_an_operator_is_told_why_a_file_is_not_used(administered: Running) -> None:
    answer = httpx.post(administered.address + "/admin/reload", headers=OPS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "configuration_refused")
    assert "p.yaml:3: unknown key `sampling.top`. did you mean" in answer.json()["error"]["message"]


def test_live_and_ready_need_no_key(start_server: Start) -> None:
    server = start_server(Script(state="dead"), guard=guard(keys=Keyring([("ann", "client")])))
    live, ready = (ask(server, "GET", f"/health/{name}") for name in ("live", "ready"))
    assert (live.status_code, live.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable"})
    server.server.service.phase = "draining"
    live, ready = (ask(server, "GET", f"/health/{name}") for name in ("live", "ready"))
    assert (live.status_code, ready.status_code, ready.json()) == (200, 503, {"status": "draining"})
