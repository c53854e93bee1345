"""The official client against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import ollama
import pytest

from mlxk.protocols.base import ModelCard, ModelDetails
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.models import ServedModel
from tests.server.conftest import Running
from tests.server.scripted import CREATED, Script, ScriptedTokens

DETAILS = ModelDetails(
    family="qwen3",
    parameters=1_148_608,
    quantization="8bit",
    bytes=1234,
    modified=CREATED,
    template="{{ messages }}",
    shape={"block_count": 5},
    settings={"temperature": 0.5, "stop": ["a", "b"]},
    capabilities=("completion", "tools", "thinking"),
)


def ask(client: ollama.Client, script: str, **options: Any) -> ollama.ChatResponse:
    return client.chat("scripted", [{"role": "user", "content": script}], **options)


def test_chat(server: Running) -> None:
    answer = ask(server.ollama(), "think:hm text:hello", options={"temperature": 0, "num_predict": 9})
    assert (answer.message.thinking, answer.message.content) == ("hm", "hello")
    assert (answer.message.role, answer.model, answer.done, answer.done_reason) == (
        "assistant",
        "scripted",
        True,
        "stop",
    )
    assert (answer.prompt_eval_count, answer.eval_count) == (5, 3)
    (request,) = server.script.requests
    assert (request.max_tokens, request.sampling) == (9, {"temperature": 0.0})


@pytest.mark.parametrize("endpoint", ["chat", "generate"])
def test_streams_fold_to_the_whole(server: Running, endpoint: str) -> None:
    client, script = server.ollama(), 'think:hm text:hello call:add:{"a":1} call:add:{}'
    said = {"messages": [{"role": "user", "content": script}]} if endpoint == "chat" else {"prompt": script}
    call = getattr(client, endpoint)
    whole = call(model="scripted:latest", **said)
    parts = list(call(model="scripted:latest", **said, stream=True))
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert {part.model for part in parts} == {"scripted:latest"}
    if endpoint == "generate":
        assert "".join(part.response for part in parts) == whole.response == "hello"
        return
    folded = [part.message for part in parts]
    assert "".join(message.content or "" for message in folded) == whole.message.content == "hello"
    assert "".join(message.thinking or "" for message in folded) == whole.message.thinking == "hm"
    calls = [call for message in folded for call in message.tool_calls or ()]
    assert calls == whole.message.tool_calls
    assert [call.function.arguments for call in calls] == [{"a": 1}, {}]


async def test_the_asynchronous_client(server: Running) -> None:
    client = ollama.AsyncClient(server.address)
    stream = await client.chat("scripted", [{"role": "user", "content": "text:hello"}], stream=True)
    assert "".join([part.message.content or "" async for part in stream]) == "hello"
    assert (await client.generate("scripted", "text:hello")).response == "hello"
    assert (await client.list()).models[0].model == "scripted:latest"


def test_an_answer_can_be_sent_back(server: Running) -> None:
    client = server.ollama()

    def add(a: int, b: int) -> int:
        """Add two numbers.

        Args:
            a: the first
            b: the second
        """
        return a + b

    first = ask(client, 'think:hm call:add:{"a":1,"b":2}', tools=[add])
    (call,) = first.message.tool_calls or ()
    result = {"role": "tool", "tool_name": call.function.name, "content": str(add(**call.function.arguments))}
    messages = [{"role": "user", "content": "text:one"}, first.message, result]
    answer = client.chat("scripted", [*messages, {"role": "user", "content": "text:two"}], tools=[add])
    assert answer.message.content == "two"
    _, assistant, tool, _ = server.script.requests[1].messages
    assert (assistant.reasoning, assistant.tool_calls[0].arguments) == ("hm", '{"a":1,"b":2}')
    assert (tool.tool_call_id, tool.name, tool.content) == (assistant.tool_calls[0].id, "add", "3")
    (declared,) = server.script.requests[0].tools
    assert (declared.name, declared.parameters["required"]) == ("add", ["a", "b"])


def test_log_probabilities(server: Running) -> None:
    answer = ask(server.ollama(), "text:hello", logprobs=True, top_logprobs=2)
    assert [token.token for token in answer.logprobs or ()] == ["hel", "lo"]
    assert [token.token for token in (answer.logprobs or ())[0].top_logprobs or ()] == ["hel0", "hel1"]


@pytest.mark.parametrize(
    ("script", "status", "text"),
    [
        ("raise:context", 400, "messages: The prompt is too long."),
        ("raise:overloaded", 429, "The queue is full."),
        ("raise:engine", 500, "Something broke. Look at the log."),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(server: Running, script: str, status: int, text: str, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        list(ask(server.ollama(), script, stream=stream))
    assert (caught.value.status_code, caught.value.error) == (status, text)


def test_an_unknown_model_tells_the_names(server: Running) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        server.ollama().chat("llama3.2", [{"role": "user", "content": "x"}])
    assert caught.value.status_code == 404
    assert "scripted" in caught.value.error


def test_an_error_in_mid_stream(server: Running) -> None:
    stream = ask(server.ollama(), "text:hello wait raise:engine", stream=True)

    def read() -> None:
        for part in stream:
            if (part.message.content or "").endswith("lo"):
                server.open_gate()

    with pytest.raises(ollama.ResponseError, match="Something broke"):
        read()


def test_silence_is_filled_with_white_space(server: Running) -> None:
    body = {"model": "scripted", "messages": [{"role": "user", "content": "wait text:a"}]}
    with httpx.stream("POST", f"{server.address}/api/chat", json=body) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        pieces = answer.iter_text()
        assert next(pieces).strip() == ""
        server.open_gate()
        text = "".join(pieces)
    assert [json.loads(line)["done"] for line in text.splitlines()] == [False, True]


def test_how_long_the_model_stays(server: Running) -> None:
    client, residence = server.ollama(), server.script.residence
    ask(client, "text:a", keep_alive="5m")
    ask(client, "text:a")
    ask(client, "text:a", keep_alive=-1)
    assert residence.asked == [300.0, None]
    assert client.chat("scripted", []).done_reason == "load"
    assert client.generate("scripted", "", keep_alive=60).done_reason == "load"
    assert client.generate("scripted", "", keep_alive=0).done_reason == "unload"
    assert residence.asked[2:] == ["load", 60.0, "load", 0.0, "release"]
    assert len(server.script.requests) == 3


def served(script: Script) -> ServedModel:
    card = ModelCard("tiny", CREATED, 4096, "c0ffee", details=DETAILS)
    return ServedModel(card, script.generate, script.count, script.stats, ScriptedTokens(), script.residence)


def test_the_lists(start_server: Callable[..., Running]) -> None:
    script = Script()
    server = start_server(script, models=[served(script)])
    client = server.ollama()
    (listed,) = client.list().models
    assert (listed.model, listed.size, listed.digest) == ("tiny:latest", 1234, "c0ffee")
    assert listed.details is not None
    assert (listed.details.family, listed.details.parameter_size) == ("qwen3", "1.1M")
    assert listed.modified_at is not None
    assert listed.modified_at.timestamp() == CREATED
    (loaded,) = client.ps().models
    assert (loaded.name, loaded.context_length, loaded.size_vram) == ("tiny:latest", 4096, 0)
    assert loaded.expires_at is not None
    assert loaded.expires_at.year == 2318
    script.residence.leaves = CREATED + 300
    assert client.ps().models[0].expires_at.timestamp() == CREATED + 300  # type: ignore[union-attr]
    script.state = "unloaded"
    assert client.ps().models == []
    assert client.list().models == [listed]


def test_one_model_in_detail(start_server: Callable[..., Running]) -> None:
    script = Script()
    client = start_server(script, models=[served(script)]).ollama()
    shown = client.show("tiny:latest")
    assert shown.capabilities == ["completion", "tools", "thinking"]
    assert shown.template == "{{ messages }}"
    assert shown.parameters is not None
    assert [line.split() for line in shown.parameters.splitlines()] == [
        ["temperature", "0.5"],
        ["stop", '"a"'],
        ["stop", '"b"'],
    ]
    assert shown.modelfile is not None
    assert shown.modelfile.splitlines()[1:3] == ["FROM tiny", "PARAMETER temperature 0.5"]
    assert shown.modelinfo == {
        "general.architecture": "qwen3",
        "general.basename": "tiny",
        "general.parameter_count": 1_148_608,
        "qwen3.block_count": 5,
        "qwen3.context_length": 4096,
    }
    with pytest.raises(ollama.ResponseError) as caught:
        client.show("other")
    assert caught.value.status_code == 404


REFUSED: dict[str, tuple[Callable[[ollama.Client], object], int, str]] = {
    "pull": (lambda client: client.pull("org/model"), 403, r"server: \{pull: \[ORG/NAME\]\}"),
    "push": (lambda client: client.push("scripted"), 403, "does not upload"),
    "create": (lambda client: client.create("x", from_="scripted"), 403, "profile"),
    "copy": (lambda client: client.copy("scripted", "x"), 403, "alias"),
    "delete": (lambda client: client.delete("scripted"), 403, "keep_alive"),
    "embed": (lambda client: client.embed("scripted", "x"), 400, "embeddings"),
    "embeddings": (lambda client: client.embeddings("scripted", "x"), 400, "embeddings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_here_says_so(server: Running, name: str) -> None:
    call, status, text = REFUSED[name]
    with pytest.raises(ollama.ResponseError, match=text) as caught:
        call(server.ollama())
    assert caught.value.status_code == status


def test_blobs_are_not_taken(server: Running) -> None:
    path = f"{server.address}/api/blobs/sha256:00"
    assert httpx.head(path).status_code == 403
    answer = httpx.post(path, json={})
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "Models are declared in the server's profile, and no request changes them.",
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_clients_see_that_it_runs(start_server: Callable[..., Running], method: str) -> None:
    server = start_server(guard=Guard("127.0.0.1", keys=Keyring([("me", "secret")])))
    answer = httpx.request(method, server.address)
    assert answer.status_code == 200
    assert answer.text == ("Ollama is running" if method == "GET" else "")
    assert httpx.get(f"{server.address}/api/version").status_code == 401
    told = httpx.get(f"{server.address}/api/version", headers={"authorization": "Bearer secret"})
    assert tuple(map(int, told.json()["version"].split("."))) >= (0, 12, 11)


def test_embeddings_are_refused_in_openais_form(server: Running) -> None:
    answer = httpx.post(f"{server.address}/v1/embeddings", json={"model": "scripted", "input": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "embeddings" in answer.json()["error"]["message"]
