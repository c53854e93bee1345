"""OpenAI's responses through the official client, against a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.limits import Limits
from tests.openai_types import RESPONSE, RESPONSE_EVENT, check
from tests.server.conftest import Running

# What https://openresponses.org has beyond OpenAI's type.
OURS = ("store", "presence_penalty", "frequency_penalty")
ADD: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}


class Sum(BaseModel):
    a: int


def ask(client: OpenAI, script: str, **options: Any) -> Any:
    return client.responses.create(model="scripted", input=script, **options)


def test_a_response(server: Running) -> None:
    answer = ask(server.client(), "think:hm text:hello", instructions="be", max_output_tokens=9)
    assert (answer.output_text, answer.status) == ("hello", "completed")
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.output[0].content[0].text == "hm"
    assert answer.usage.output_tokens_details.reasoning_tokens == 1
    (request,) = server.script.requests
    assert [message.content for message in request.messages] == ["be", "think:hm text:hello"]
    assert request.max_tokens == 9


def test_tokens_of_a_prompt(server: Running) -> None:
    """An earlier response is a part of it."""
    client = server.client()
    first = ask(client, "text:hello")
    count = client.responses.input_tokens.count(
        model="scripted", input="a b c", previous_response_id=first.id
    )
    assert (count.object, count.input_tokens) == ("response.input_tokens", 3)
    said = [message.content for message in server.script.requests[-1].messages]
    assert said == ["text:hello", "hello", "a b c"]
    with pytest.raises(openai.BadRequestError, match="Conversations are not kept"):
        client.responses.input_tokens.count(model="scripted", input="a", conversation="conv_1")


def test_a_stream_folds_to_the_same(server: Running) -> None:
    client = server.client()
    with client.responses.stream(model="scripted", input="think:hm text:hello", store=False) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    whole = ask(client, "think:hm text:hello", store=False)
    assert text == final.output_text == whole.output_text == "hello"
    assert [item.type for item in final.output] == [item.type for item in whole.output]


def test_parsed_output(server: Running) -> None:
    answer = server.client().responses.parse(model="scripted", input='text:{"a":1}', text_format=Sum)
    assert answer.output_parsed == Sum(a=1)
    wanted = server.script.requests[0].response_format
    assert wanted is not None


def test_a_tool_loop_by_sending_everything_back(server: Running) -> None:
    client = server.client()
    items: list[Any] = [{"role": "user", "content": 'think:hm text:wait call:add:{"a":1}'}]
    first = client.responses.create(model="scripted", input=items, tools=[ADD])
    (call,) = (item for item in first.output if item.type == "function_call")
    items += first.output
    items += [{"type": "function_call_output", "call_id": call.call_id, "output": "2"}]
    items += [{"role": "user", "content": "text:done"}]
    assert client.responses.create(model="scripted", input=items, tools=[ADD]).output_text == "done"
    _, assistant, tool, _ = server.script.requests[1].messages
    assert (assistant.reasoning, assistant.content, assistant.tool_calls[0].name) == ("hm", "wait", "add")
    assert (tool.name, tool.content) == ("add", "2")


def test_a_tool_loop_upon_the_stored_response(server: Running) -> None:
    client = server.client()
    first = ask(client, 'think:hm call:add:{"a":1}', tools=[ADD], instructions="be")
    output: Any = [
        {"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "2"},
        {"role": "user", "content": "text:done"},
    ]
    second = ask(client, output, tools=[ADD], previous_response_id=first.id, stream=True)
    last = list(second)[-1]
    assert (last.response.output_text, last.response.previous_response_id) == ("done", first.id)
    roles = [message.role for message in server.script.requests[1].messages]
    assert roles == ["user", "assistant", "tool", "user"]
    assert server.script.requests[1].messages[1].reasoning == "hm"


def test_stored_responses_can_be_asked_for(server: Running) -> None:
    client = server.client()
    first = ask(client, "text:one")
    second = ask(client, "text:two", previous_response_id=first.id)
    assert client.responses.retrieve(first.id).to_dict() == first.to_dict()
    listed = list(client.responses.input_items.list(second.id, order="asc", limit=1))
    assert [item.content[0].text for item in listed] == ["text:one", "one", "text:two"]
    newest = client.responses.input_items.list(second.id, limit=2)
    assert [item.content[0].text for item in newest.data] == ["text:two", "one"]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match=first.id):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError, match="send the whole conversation") as caught:
        ask(client, "text:three", previous_response_id=second.id)
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_what_cannot_be_done_with_a_stored_response(server: Running) -> None:
    client = server.client()
    first = ask(client, "text:one")
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(first.id)
    with pytest.raises(openai.BadRequestError, match="streamed again"):
        list(client.responses.retrieve(first.id, stream=True))
    with pytest.raises(openai.BadRequestError, match="limit"):
        client.responses.input_items.list(first.id, limit=1000)
    with pytest.raises(openai.BadRequestError, match="No item"):
        client.responses.input_items.list(first.id, after="msg_none")
    path = f"{server.address}/v1/responses"
    assert httpx.get(path).status_code == 405
    assert httpx.patch(f"{path}/{first.id}").headers["allow"] == "GET, DELETE, HEAD"
    assert httpx.get(f"{path}/{first.id}/spells").status_code == 404
    assert httpx.get(f"{path}//").json()["error"]["code"] in ("not_found", "method_not_allowed")


def test_nothing_is_kept_when_it_is_not_to_be(server: Running) -> None:
    client = server.client()
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(ask(client, "text:one", store=False).id)


def test_the_oldest_make_room(start_server: Callable[..., Running]) -> None:
    server = start_server(limits=Limits(stored_responses=2))
    client = server.client()
    first, second, third = (ask(client, f"text:{name}") for name in ("one", "two", "three"))
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    assert [client.responses.retrieve(kept.id).id for kept in (second, third)] == [second.id, third.id]


def test_nobody_sees_the_responses_of_another_key(start_server: Callable[..., Running]) -> None:
    server = start_server(guard=Guard("127.0.0.1", keys=Keyring([("ann", "a"), ("bob", "b")])))
    ann, bob = (server.client().with_options(api_key=key) for key in ("a", "b"))
    said = ask(ann, "text:secret")
    assert ann.responses.retrieve(said.id).output_text == "secret"
    with pytest.raises(openai.NotFoundError):
        bob.responses.retrieve(said.id)
    with pytest.raises(openai.BadRequestError, match="not found"):
        ask(bob, "text:x", previous_response_id=said.id)


def test_an_error_in_mid_stream(server: Running) -> None:
    kinds = []
    for event in ask(server.client(), "text:hello wait raise:engine", stream=True):
        kinds.append(event.type)
        if event.type == "error":
            assert (event.code, "Something broke" in event.message) == ("engine_error", True)
        server.open_gate()
    assert kinds[-2:] == ["error", "response.failed"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_beginning(server: Running, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(server.client(), "raise:context", stream=stream)
    assert caught.value.code == "context_length_exceeded"


def test_bodies_and_events_are_of_openais_types(server: Running) -> None:
    path = f"{server.address}/v1/responses"
    body: dict[str, Any] = {
        "input": 'think:hm text:hey call:add:{"a":1}',
        "tools": [ADD],
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "top_logprobs": 2,
    }
    whole = httpx.post(path, json=body).json()
    check(RESPONSE, whole, also=OURS)
    check(RESPONSE, httpx.get(f"{path}/{whole['id']}").json(), also=OURS)
    streamed = httpx.post(path, json={**body, "stream": True})
    for frame in streamed.text.split("\n\n")[:-1]:
        check(RESPONSE_EVENT, httpx.Response(200, text=frame.partition("data: ")[2]).json(), also=OURS)


def test_compaction_is_no_response(server: Running) -> None:
    answer = httpx.post(f"{server.address}/v1/responses/compact", json={"model": "scripted", "input": "hi"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
