"""The official client against a real server."""

from __future__ import annotations

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message

from tests.server.conftest import Running


def ask(client: Anthropic, script: str, **options: object) -> Message:
    messages = [{"role": "user", "content": script}]
    return client.messages.create(model="scripted", max_tokens=9, messages=messages, **options)


def test_message(server: Running) -> None:
    answer = ask(server.anthropic(), "think:hm text:hello", system="be brief", extra_body={"temperature": 0})
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert (answer.content[0].thinking, answer.content[1].text) == ("hm", "hello")
    assert (answer.role, answer.model, answer.stop_reason) == ("assistant", "scripted", "end_turn")
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (3, 2)
    assert answer.usage.output_tokens == 3
    (request,) = server.script.requests
    assert [message.role for message in request.messages] == ["system", "user"]
    assert (request.max_tokens, request.sampling) == (9, {"temperature": 0.0})


def test_stream_folds_to_the_message(server: Running) -> None:
    client = server.anthropic()
    script = 'think:hm text:hello call:add:{"a":1} call:add:{}'
    tools = [{"name": "add", "input_schema": {"type": "object"}}]
    whole = ask(client, script, tools=tools)
    options = {"max_tokens": 9, "messages": [{"role": "user", "content": script}], "tools": tools}
    with client.messages.stream(model="scripted", **options) as stream:
        folded = stream.get_final_message()
    said = [block.model_dump(exclude={"parsed_output"}) for block in folded.content]
    assert said == [block.model_dump() for block in whole.content]
    assert (folded.stop_reason, folded.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert folded.usage.input_tokens == whole.usage.input_tokens
    assert folded.stop_reason == "tool_use"
    assert [block.input for block in folded.content[2:]] == [{"a": 1}, {}]


def test_an_answer_can_be_sent_back(server: Running) -> None:
    client = server.anthropic()
    tools = [{"name": "add", "input_schema": {"type": "object"}}]
    first = ask(client, 'think:hm call:add:{"a":1}', tools=tools)
    result = {"type": "tool_result", "tool_use_id": first.content[1].id, "content": "3", "is_error": True}
    text = {"type": "text", "text": "text:two", "cache_control": {"type": "ephemeral"}}
    messages = [
        {"role": "user", "content": "text:one"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result, text]},
    ]
    answer = client.messages.create(model="scripted", max_tokens=9, messages=messages, tools=tools)
    assert answer.content[0].text == "two"
    _, assistant, tool, user = server.script.requests[1].messages
    assert (assistant.reasoning, assistant.tool_calls[0].arguments) == ("hm", '{"a":1}')
    assert (tool.role, tool.name, tool.content) == ("tool", "add", "Error: 3")
    assert user.content == "text:two"


@pytest.mark.parametrize(
    ("script", "kind", "name"),
    [
        ("raise:context", anthropic.BadRequestError, "invalid_request_error"),
        ("raise:overloaded", anthropic.RateLimitError, "rate_limit_error"),
        ("raise:engine", anthropic.InternalServerError, "api_error"),
    ],
)
def test_errors(server: Running, script: str, kind: type[anthropic.APIStatusError], name: str) -> None:
    with pytest.raises(kind) as caught:
        ask(server.anthropic(), script)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == name


def test_error_in_mid_stream(server: Running) -> None:
    stream = ask(server.anthropic(), "text:hello wait raise:engine", stream=True)

    def read() -> None:
        for event in stream:
            if event.type == "content_block_stop":
                server.open_gate()

    with pytest.raises(anthropic.APIError, match="Something broke"):
        read()


def test_pings_while_nothing_is_said(server: Running) -> None:
    body = {"model": "scripted", "max_tokens": 9, "messages": [{"role": "user", "content": "wait text:a"}]}
    with server.anthropic().messages.with_streaming_response.create(**body, stream=True) as answer:
        lines = answer.iter_lines()
        while next(lines) != 'data: {"type":"ping"}':
            pass
        server.open_gate()
        assert any("message_stop" in line for line in lines)


def test_tokens_are_counted(server: Running) -> None:
    messages = [{"role": "user", "content": "one two three"}]
    tools = [{"name": "add", "input_schema": {"type": "object"}}]
    client = server.anthropic()
    counted = client.messages.count_tokens(
        model="scripted", system="be brief", messages=messages, tools=tools
    )
    assert counted.input_tokens == 3
    (request,) = server.script.requests
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.tools[0].name == "add"


def test_what_cannot_be_counted(server: Running) -> None:
    client = server.anthropic()
    messages = [{"role": "user", "content": "one"}]
    with pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="other", messages=messages)
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        client.messages.count_tokens(model="scripted", messages=messages, extra_body={"temperature": 1})
    with pytest.raises(anthropic.BadRequestError, match="messages"):
        client.messages.count_tokens(model="scripted", messages=[])


def test_the_clients_tool_runner_goes_on_without_threads(server: Running) -> None:
    """It begins a thread that this server does not keep, and sends all messages when it is not found."""

    @anthropic.beta_tool
    def add(a: int) -> str:
        """Adds.

        Args:
            a: A number.
        """
        return f"text:{a}"

    said = [{"role": "user", "content": 'call:add:{"a":1}'}]
    options = {"max_tokens": 9, "messages": said, "tools": [add], "max_iterations": 2}
    answers = list(server.anthropic().beta.messages.tool_runner(model="scripted", **options))
    assert [answer.stop_reason for answer in answers] == ["tool_use", "tool_use"]
    roles = [message.role for message in server.script.requests[1].messages]
    assert roles == ["user", "assistant", "tool"]


def test_citations_are_a_list(server: Running) -> None:
    """Vercel's client takes a list or nothing, and Anthropic's document wants the field."""
    (block,) = ask(server.anthropic(), "text:hello").content
    assert block.citations == []
