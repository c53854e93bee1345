"""The OpenAPI document: valid, of the routes there are, and true to what bodies and answers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from mlxk.config.schema.server import RouteHandler
from mlxk.protocols import CONVERSATIONS, COUNTERS, DIALECTS
from mlxk.protocols.bodies import BODIES
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.openapi import SUMMARIES
from tests.server.conftest import Running

SCRIPT = "think:hm text:hello"
QUESTION = {"role": "user", "content": SCRIPT}
GOOD: Mapping[str, list[dict[str, Any]]] = {
    "/v1/chat/completions": [
        {"messages": [QUESTION]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": SCRIPT}]}], "stop": "x", "n": 2},
        {"messages": [QUESTION], "stop": ["x"], "logit_bias": {"3": 1.5}, "tool_choice": "none"},
    ],
    "/v1/completions": [{"prompt": SCRIPT}, {"prompt": [SCRIPT, SCRIPT]}, {"prompt": [[1, 2]]}],
    "/v1/responses": [
        {"input": SCRIPT},
        {"input": f"{SCRIPT} end:length"},
        {"input": [QUESTION], "tool_choice": "auto", "store": False},
    ],
    "/v1/responses/input_tokens": [{"input": SCRIPT}, {"input": [QUESTION], "instructions": "be"}],
    "/v1/messages": [
        {"max_tokens": 5, "messages": [QUESTION]},
        {
            "max_tokens": 5,
            "system": [{"type": "text", "text": "s"}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": SCRIPT}]}],
        },
    ],
    "/v1/messages/count_tokens": [{"messages": [QUESTION]}],
    "/api/chat": [{"messages": [QUESTION], "stream": False}],
    "/api/generate": [{"prompt": SCRIPT, "stream": False, "options": {"stop": ["x"]}}],
}
BAD: Mapping[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "wizard", "content": "x"}]},
    "/v1/completions": {"prompt": 5},
    "/v1/responses": {"input": [{"type": "message", "role": "user"}]},
    "/v1/responses/input_tokens": {"input": SCRIPT, "temperature": 1},
    "/v1/messages": {"messages": [QUESTION]},
    "/v1/messages/count_tokens": {"messages": []},
    "/api/chat": {"messages": [{"role": "user", "content": 5}]},
    "/api/generate": {"prompt": 5},
}


def described(server: Running, **headers: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.address}/openapi.json", headers=headers)
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def holds(document: dict[str, Any], schema: dict[str, Any], value: object) -> bool:
    """References point into the document."""
    return Draft202012Validator({**schema, "components": document["components"]}).is_valid(value)


def test_the_document_is_valid(server: Running) -> None:
    document = described(server)
    validate(document)
    assert document["openapi"] == "3.1.1"
    assert "security" not in document


def test_keys_are_told_where_they_are_needed(start_server: Callable[..., Running]) -> None:
    server = start_server(guard=Guard("127.0.0.1", keys=Keyring([("ann", "a")])))
    assert httpx.get(f"{server.address}/openapi.json").status_code == 401
    document = described(server, authorization="Bearer a")
    assert document["security"] == [{"bearer": []}, {"key": []}]


def test_downloads_take_an_administrators_key_where_there_are_any(
    start_server: Callable[..., Running],
) -> None:
    document = described(start_server(guard=Guard("127.0.0.1", admins=Keyring([("ops", "a")]))))
    guarded = [path for path, methods in document["paths"].items() if "security" in methods.get("post", {})]
    assert sorted(guarded) == ["/admin/load", "/admin/reload", "/admin/unload", "/api/pull"]
    assert "security" not in document


def test_routes_are_those_there_are(start_server: Callable[..., Running]) -> None:
    server = start_server(routes={"/v1/messages": False, "/ask": "openai.chat"})
    document = described(server)
    assert "/v1/messages" not in document["paths"]
    assert "/ask" in document["paths"]
    for path, operations in document["paths"].items():
        for method in operations:
            asked = path.replace("{", "").replace("}", "")
            answer = httpx.request(method, f"{server.address}{asked}", json={} if method == "post" else None)
            assert answer.status_code not in (405, 415, 500), (method, path)


@pytest.mark.parametrize("path", GOOD)
def test_bodies_and_answers_are_as_described(server: Running, path: str) -> None:
    document = described(server)
    operation = document["paths"][path]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["schema"]
    told = operation["responses"]["200"]["content"]["application/json"]["schema"]
    failed = operation["responses"]["default"]["content"]["application/json"]["schema"]
    for body in ({"model": "scripted", **body} for body in GOOD[path]):
        assert holds(document, asked, body)
        answer = httpx.post(f"{server.address}{path}", json=body)
        assert answer.status_code == 200, answer.text
        assert holds(document, told, answer.json())
    body = {"model": "scripted", **BAD[path]}
    assert not holds(document, asked, body)
    answer = httpx.post(f"{server.address}{path}", json=body)
    assert answer.status_code == 400
    assert holds(document, failed, answer.json())


def test_nothing_is_left_undescribed() -> None:
    assert set(SUMMARIES) == set(get_args(RouteHandler))
    assert {*DIALECTS, *CONVERSATIONS, *COUNTERS} <= set(BODIES)
