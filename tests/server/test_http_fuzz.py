"""Anything as a body and any bytes, sent to a real server: a 4xx in the dialect's form or an answer."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.conftest import Running

BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "model": "scripted",
        "messages": [{"role": "user", "content": "text:hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "stop": ["x"],
        "stream": False,
        "temperature": 1,
        "response_format": {"type": "text"},
    },
    "/v1/responses": {
        "model": "scripted",
        "input": [
            {"role": "user", "content": "text:hi"},
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "x"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "text": {"format": {"type": "text"}},
        "previous_response_id": None,
        "include": ["reasoning.encrypted_content"],
    },
    "/v1/completions": {"prompt": "text:hi", "max_tokens": 5, "echo": False, "logprobs": 1},
    "/v1/messages": {
        "model": "scripted",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "text:hi"}]}],
        "system": "s",
        "thinking": {"type": "disabled"},
    },
    "/v1/messages/count_tokens": {"model": "scripted", "messages": [{"role": "user", "content": "text:hi"}]},
    "/api/chat": {
        "model": "scripted",
        "messages": [
            {"role": "user", "content": "text:hi"},
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            {"role": "tool", "tool_name": "f", "content": "x"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "options": {"num_predict": 5, "temperature": 0.5, "stop": ["x"], "num_ctx": 100},
        "format": {"type": "object"},
        "keep_alive": "5m",
        "think": False,
        "stream": False,
    },
    "/api/generate": {"prompt": "text:hi", "system": "s", "raw": False, "keep_alive": 1.5, "stream": True},
    "/api/show": {"model": "scripted", "verbose": True},
    "/tokenize": {"prompt": "text:hi", "add_special_tokens": True, "return_token_strs": True},
    "/detokenize": {"tokens": [1, 2, 3]},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
STARTS = [b"", b"POST ", b"GET /", b"POST /v1/messages HTTP/1.1\r\n"]
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a body."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = replaced(value[key], tuple(rest), by)
    return copy


def check(path: str, answer: httpx.Response) -> None:
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    if answer.status_code != 200:
        body = answer.json()
        if path.startswith("/api/"):
            assert isinstance(body["error"], str)
            return
        assert isinstance(body["error"]["message"], str)
        assert isinstance(body["error"]["type"], str)
        assert ("type" in body) == path.startswith("/v1/messages")


@pytest.mark.parametrize("path", BODIES)
def test_bodies_with_anything_in_any_place(server: Running, path: str) -> None:
    with httpx.Client(base_url=server.address, timeout=10) as client:

        @FUZZ
        @given(st.sampled_from(places(BODIES[path])), VALUES)
        def send(place: tuple[Any, ...], value: Any) -> None:
            body = json.dumps(replaced(BODIES[path], place, value))
            answer = client.post(path, content=body, headers={"content-type": "application/json"})
            check(path, answer)

        send()


@pytest.mark.parametrize("path", BODIES)
def test_bytes_of_any_kind(server: Running, path: str) -> None:
    with httpx.Client(base_url=server.address, timeout=10) as client:

        @FUZZ
        @given(st.binary(max_size=200))
        def send(data: bytes) -> None:
            answer = client.post(path, content=data, headers={"content-type": "application/json"})
            # Ollama's form may leave everything out: an empty object means the only model.
            assert answer.status_code == 400 or (path.startswith("/api/") and data.strip() == b"{}")
            check(path, answer)

        send()


def test_requests_of_any_kind(server: Running) -> None:
    @FUZZ
    @given(
        st.binary(max_size=100), st.sampled_from([b"", b"POST ", b"GET /", b"POST /v1/messages HTTP/1.1\r\n"])
    )
    def send(data: bytes, start: bytes) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
            sock.sendall(start + data + b"\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: sock.recv(65536), b""))
        assert not said or 400 <= int(said.split()[1]) < 500
        assert b"Traceback" not in said

    send()
    assert httpx.get(f"{server.address}/health").status_code == 200
