"""Who may talk to the server, and what one client may cost."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable

import anthropic
import httpx
import openai
import pytest

from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.limits import Limits
from tests.server.conftest import Running

CHAT = "/v1/chat/completions"
GOOD = {"messages": [{"role": "user", "content": "text:hi"}]}
PAGE = "https://chat.example.org"

Start = Callable[..., Running]


@pytest.fixture
def locked(start_server: Start) -> Running:
    keys = Keyring([("#1", "first-secret"), ("ci", "second-secret")])
    return start_server(guard=Guard("127.0.0.1", keys=keys, cors=[PAGE]))


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer first-secret"},
        {"authorization": "bearer  second-secret"},
        {"x-api-key": "second-secret"},
    ],
)
def test_a_key_opens(locked: Running, headers: dict[str, str]) -> None:
    assert httpx.post(locked.address + CHAT, json=GOOD, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer first-secre"},
        {"authorization": "Basic first-secret"},
        {"authorization": "Bearer Ünicode".encode().decode("latin-1")},
        {"x-api-key": "first-secret2"},
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/v1/models"])
def test_without_a_key(locked: Running, headers: dict[str, str], path: str) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    method = "POST" if path == CHAT else "GET"
    answer = httpx.request(method, locked.address + path, headers=encoded)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert "secret" not in answer.text
    assert not locked.script.requests


def test_official_clients_see_authentication_errors(locked: Running) -> None:
    with pytest.raises(openai.AuthenticationError):
        locked.client().models.list()
    with pytest.raises(anthropic.AuthenticationError) as caught:
        locked.anthropic().messages.create(model="scripted", max_tokens=9, messages=GOOD["messages"])
    assert caught.value.body["error"]["type"] == "authentication_error"


def test_health_needs_no_key_and_tells_little(locked: Running) -> None:
    assert httpx.get(locked.address + "/health").json() == {"status": "ready"}


def test_with_keys_any_host_name_will_do(locked: Running) -> None:
    headers = {"host": "box.lan:8080", "x-api-key": "first-secret", "origin": "http://box.lan:8080"}
    assert httpx.post(locked.address + CHAT, json=GOOD, headers=headers).status_code == 200
    headers["origin"] = "https://evil.example"
    assert httpx.post(locked.address + CHAT, json=GOOD, headers=headers).status_code == 403


def test_logs_name_the_key_and_never_tell_it(locked: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mlxk.server")
    httpx.post(locked.address + CHAT, json=GOOD, headers={"x-api-key": "second-secret"})
    httpx.post(locked.address + CHAT, json=GOOD, headers={"x-api-key": "wrong-secret"})
    assert "POST /v1/chat/completions 200 in" in caplog.text
    assert "key ci," in caplog.text
    assert "POST /v1/chat/completions 401 in" in caplog.text
    assert "secret" not in caplog.text


def test_pages_of_allowed_origins(locked: Running) -> None:
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "authorization, content-type, b@d"
    answer = httpx.options(locked.address + CHAT, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    headers = {"origin": PAGE, "x-api-key": "first-secret"}
    for stream in (False, True):
        answer = httpx.post(locked.address + CHAT, json={**GOOD, "stream": stream}, headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    answer = httpx.post(locked.address + CHAT, json=GOOD, headers={"origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, PAGE)


def test_pages_of_other_origins(locked: Running) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = httpx.options(locked.address + CHAT, headers=asked)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("rest", [b"", b'{"messages":'])
def test_a_stalled_body_is_cut(start_server: Start, rest: bytes) -> None:
    server = start_server(limits=Limits(upload_seconds=0.3))
    head = b"POST " + CHAT.encode() + b" HTTP/1.1\r\nhost: localhost\r\n"
    head += b"content-type: application/json\r\ncontent-length: 1000\r\n\r\n"
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(head + rest)
        said = b"".join(iter(lambda: sock.recv(65536), b""))
    assert time.monotonic() - began < 5
    assert said.startswith(b"HTTP/1.1 408 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"


def test_stalled_headers_are_cut(start_server: Start) -> None:
    server = start_server(limits=Limits(upload_seconds=0.3))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(b"POST " + CHAT.encode() + b" HTTP/1.1\r\nhost: loc")
        assert sock.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_full_queue_refuses(start_server: Start) -> None:
    server = start_server(limits=Limits(queue=2))
    waiting = {"messages": [{"role": "user", "content": "wait text:hi"}], "n": 2, "stream": True}
    with httpx.stream("POST", server.address + CHAT, json=waiting) as first:
        server.wait_for(server.script.waiting)
        answer = httpx.post(server.address + CHAT, json=GOOD)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.json()["error"]["type"] == "rate_limit_error"
        server.open_gate()
        assert b"[DONE]" in first.read()
    assert httpx.post(server.address + CHAT, json=GOOD).status_code == 200
    answer = httpx.post(server.address + CHAT, json={**GOOD, "n": 3})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "n")


def test_a_body_may_follow_a_get(start_server: Start) -> None:
    server = start_server()
    answer = httpx.request("GET", server.address + "/v1/models", content=b"x" * 100)
    assert answer.status_code == 200
