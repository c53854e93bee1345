"""`mlxk up` with Ollama's official client, and the routes that count tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest

from tests.e2e.conftest import TIMEOUT, Serve, Server

SKY = "Why is the sky blue?"


@pytest.fixture
def client(demo_server: Server) -> Iterator[ollama.Client]:
    with ollama.Client(demo_server.url, timeout=TIMEOUT) as client:
        yield client


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def get_weather(city: str) -> str:
    """Get the weather in a city.

    Args:
        city: the city
    """
    return f"sunny in {city}, 20 degrees"


def test_chat_streams_what_it_says_whole(client: ollama.Client) -> None:
    whole = client.chat("demo", user(SKY))
    assert "scatters" in (whole.message.content or "")
    assert whole.message.thinking
    parts = list(client.chat("demo:latest", user(SKY), stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert "".join(part.message.thinking or "" for part in parts) == whole.message.thinking
    last = parts[-1]
    assert (last.done, last.done_reason, last.eval_count) == (True, "stop", whole.eval_count)
    parts_of = (last.load_duration, last.prompt_eval_duration, last.eval_duration)
    assert all(part is not None and part >= 0 for part in parts_of)
    assert 0 < sum(part or 0 for part in parts_of) <= (last.total_duration or 0)


def test_thinking_can_be_switched_off(client: ollama.Client) -> None:
    answer = client.generate("demo", SKY, think=False)
    assert answer.thinking is None
    assert "scatters" in (answer.response or "")


def test_a_tool_is_called_and_answered(client: ollama.Client) -> None:
    messages: list[Any] = user("What is the weather in Paris?")
    first = client.chat("demo", messages, tools=[get_weather])
    (call,) = first.message.tool_calls or ()
    assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"})
    result = get_weather(**call.function.arguments)
    messages += [first.message, {"role": "tool", "tool_name": "get_weather", "content": result}]
    second = client.chat("demo", messages, tools=[get_weather])
    assert second.message.tool_calls is None
    assert "Paris" in (second.message.content or "")


def test_an_answer_of_a_schema(client: ollama.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 99}},
        "required": ["age"],
        "additionalProperties": False,
    }
    answer = client.generate("demo", "How old are you?", format=schema, options={"temperature": 0})
    assert set(json.loads(answer.response or "")) == {"age"}


def test_options_hold(client: ollama.Client) -> None:
    answer = client.chat("demo", user("Tell me a story."), options={"num_predict": 3})
    assert (answer.eval_count, answer.done_reason) == (3, "length")
    with pytest.raises(ollama.ResponseError, match=r"options.num_ctx: .* more than the 4096"):
        client.chat("demo", user("Hi"), options={"num_ctx": 99_999})
    with pytest.raises(ollama.ResponseError, match="holds 8"):
        client.chat("demo", user(SKY), options={"num_ctx": 8})
    with pytest.raises(ollama.ResponseError, match=r"options.mirostat"):
        client.chat("demo", user("Hi"), options={"mirostat": 2})


def test_what_cannot_be_honoured_can_be_told_of_instead(serve: Serve) -> None:
    body = {
        "messages": user("Hi"),
        "stream": False,
        "options": {"mirostat": 2, "num_ctx": 99_999, "num_gpu": 1},
    }
    with serve("demo", "--set", "request_policy.unsupported=warn") as server:
        answer = httpx.post(f"{server.url}/api/chat", json=body, timeout=TIMEOUT)
    assert answer.status_code == 200
    for name in ("options.mirostat", "num_ctx", "options.num_gpu"):
        assert name in answer.headers["x-mlxk-warning"]


async def test_the_asynchronous_client(demo_server: Server) -> None:
    client = ollama.AsyncClient(demo_server.url, timeout=TIMEOUT)
    stream = await client.chat("demo", user("Hello"), stream=True)
    assert "".join([part.message.content or "" async for part in stream])


def test_the_lists(client: ollama.Client) -> None:
    (listed,) = client.list().models
    assert listed.details is not None
    assert (listed.model, listed.details.parameter_size) == ("demo:latest", "1.1M")
    shown = client.show("demo")
    assert shown.capabilities == ["completion", "tools", "thinking"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["qwen3.context_length"] == 4096
    (loaded,) = client.ps().models
    assert loaded.model == "demo:latest"
    assert (loaded.size or 0) > 1_000_000


def test_a_model_is_loaded_kept_and_unloaded(serve: Serve, tmp_path: Path) -> None:
    profile = tmp_path / "one.yaml"
    profile.write_text("mlxk: 1\nmodel: builtin:demo\npreload: false\nttl: 15m\n")
    with serve(str(profile)) as server, ollama.Client(server.url, timeout=TIMEOUT) as client:
        assert client.ps().models == []
        assert client.generate("one", "").done_reason == "load"
        (loaded,) = client.ps().models
        assert loaded.expires_at is not None
        assert 800 < loaded.expires_at.timestamp() - time.time() < 901
        client.chat("one", user("Hi"), keep_alive="1h")
        (loaded,) = client.ps().models
        assert loaded.expires_at is not None
        assert 3500 < loaded.expires_at.timestamp() - time.time() < 3601
        assert client.chat("one", [], keep_alive=0).done_reason == "unload"
        deadline = time.monotonic() + TIMEOUT
        while client.ps().models:
            assert time.monotonic() < deadline


def test_counted_tokens_are_those_of_usage(demo_server: Server) -> None:
    with httpx.Client(base_url=demo_server.url, timeout=TIMEOUT) as client:

        def post(path: str, **body: Any) -> Any:
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        counted = post("/tokenize", messages=user(SKY), return_token_strs=True)
        used = post("/v1/chat/completions", messages=user(SKY), max_tokens=1)["usage"]
        assert counted["count"] == len(counted["tokens"]) == used["prompt_tokens"]
        said = post("/detokenize", tokens=counted["tokens"])["prompt"]
        assert said == "".join(counted["token_strs"])
        assert SKY in said
        counted = post("/tokenize", prompt=SKY)
        used = post("/v1/completions", prompt=SKY, max_tokens=1)["usage"]
        assert counted["count"] == used["prompt_tokens"]
