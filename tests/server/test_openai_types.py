"""Bodies and chunks of a real server, held against OpenAI's own types: nothing missing, nothing unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from tests.openai_types import CHAT, CHAT_CHUNK, COMPLETION, MODEL, check
from tests.server.conftest import Running

# What this server adds to the dialect, as many others do.
REASONING = ("reasoning", "reasoning_content")
CARD = ("context_length", "aliases", "state")
QUESTION = {"role": "user", "content": 'think:hm text:hello call:add:{"a":1}'}
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}

CHATS: list[dict[str, Any]] = [
    {},
    {"n": 2, "logprobs": True, "top_logprobs": 2},
    {"tools": [ADD], "service_tier": "auto", "parallel_tool_calls": True},
    {"max_completion_tokens": 5, "seed": 1, "stop": ["x"]},
]
COMPLETIONS: list[dict[str, Any]] = [{}, {"logprobs": 2}, {"n": 2, "echo": True}, {"prompt": ["a", "b"]}]


def chunks(answer: httpx.Response) -> Iterator[Any]:
    """The last frame is no JSON."""
    frames = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert frames[-1] == "[DONE]"
    yield from map(json.loads, frames[:-1])


@pytest.mark.parametrize("fields", CHATS)
def test_chat(server: Running, fields: dict[str, Any]) -> None:
    path = f"{server.address}/v1/chat/completions"
    body = {"model": "scripted", "messages": [QUESTION], **fields}
    whole = httpx.post(path, json=body).json()
    check(CHAT, whole, also=REASONING)
    assert whole.get("service_tier") == ("default" if "service_tier" in fields else None)
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    said = list(chunks(httpx.post(path, json=streamed)))
    for chunk in said:
        check(CHAT_CHUNK, chunk, also=REASONING)
    assert said[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [chunk["usage"] for chunk in said[:-1]] == [None] * (len(said) - 1)
    assert (said[-1]["choices"], said[-1]["usage"]) == ([], whole["usage"])
    assert len({(chunk["id"], chunk["created"]) for chunk in said}) == 1


@pytest.mark.parametrize("fields", COMPLETIONS)
def test_completions(server: Running, fields: dict[str, Any]) -> None:
    path = f"{server.address}/v1/completions"
    body = {"model": "scripted", "prompt": "text:hello", **fields}
    check(COMPLETION, httpx.post(path, json=body).json())
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    for chunk in chunks(httpx.post(path, json=streamed)):
        # OpenAI's type has no null here, and OpenAI's streams do.
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        check(COMPLETION, chunk)


def test_models(server: Running) -> None:
    listed = httpx.get(f"{server.address}/v1/models").json()
    assert listed.keys() == {"object", "data"}
    for model in (*listed["data"], httpx.get(f"{server.address}/v1/models/scripted").json()):
        check(MODEL, model, also=CARD)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": []}),
        ("/v1/completions", {}),
        ("/v1/responses", {"input": 5}),
        ("/v1/models/none", None),
        ("/v1/nothing", {}),
    ],
)
def test_errors(server: Running, path: str, body: dict[str, Any] | None) -> None:
    """`Error` of OpenAI's document: all four fields are there, and two may be null."""
    asked = server.address + path
    answer = httpx.get(asked) if body is None else httpx.post(asked, json=body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["x-request-id"].startswith("req_")
    error = answer.json()["error"]
    TypeAdapter(dict[str, str | None]).validate_python(error, strict=True)
    assert error.keys() == {"message", "type", "param", "code"}
    assert None not in (error["message"], error["type"])
