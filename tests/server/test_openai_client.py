"""The official client against a real server."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI

from tests.server.conftest import Running


def ask(client: OpenAI, script: str, **options: object):
    messages = [{"role": "user", "content": script}]
    return client.chat.completions.create(model="scripted", messages=messages, **options)


def test_chat(server: Running) -> None:
    answer = ask(server.client(), "think:hm text:hello", seed=7, temperature=0)
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content, choice.finish_reason) == (
        "assistant",
        "hello",
        "stop",
    )
    assert choice.message.reasoning == choice.message.reasoning_content == "hm"
    assert answer.system_fingerprint == "c0ffee"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (
        5,
        3,
        8,
    )
    assert answer.usage.completion_tokens_details.reasoning_tokens == 1
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert server.script.requests[0].sampling == {"seed": 7, "temperature": 0.0}


def test_chat_stream(server: Running) -> None:
    chunks = list(ask(server.client(), "think:hm text:hello", stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hello"
    assert "".join(getattr(chunk.choices[0].delta, "reasoning", "") for chunk in chunks) == "hm"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_stream_usage(server: Running) -> None:
    options = {"include_usage": True}
    chunks = list(ask(server.client(), "text:hello", stream=True, stream_options=options))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 7
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_stream_helper_folds_tool_calls(server: Running) -> None:
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    messages = [{"role": "user", "content": 'text:hi call:add:{"a":1} call:add:{"a":2}'}]
    with server.client().chat.completions.stream(model="scripted", messages=messages, tools=tools) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("call_1", "add", '{"a":1}'),
        ("call_2", "add", '{"a":2}'),
    ]
    assert final.choices[0].finish_reason == "tool_calls"
    assert server.script.requests[0].tools[0].name == "add"


def test_an_answer_can_be_sent_back(server: Running) -> None:
    client = server.client()
    tools = [{"type": "function", "function": {"name": "add"}}]
    first = ask(client, "think:hm call:add:{}", tools=tools).choices[0].message
    messages = [
        {"role": "user", "content": "text:one"},
        first,
        {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "3"},
        {"role": "user", "content": "text:two"},
    ]
    answer = client.chat.completions.create(model="scripted", messages=messages)
    assert answer.choices[0].message.content == "two"
    _, assistant, tool, _ = server.script.requests[1].messages
    assert (assistant.reasoning, assistant.tool_calls[0].name, tool.name) == ("hm", "add", "add")


def test_choices(server: Running) -> None:
    answer = ask(server.client(), "text:hello", n=3, seed=1)
    assert [(choice.index, choice.message.content) for choice in answer.choices] == [
        (index, "hello") for index in range(3)
    ]
    assert answer.usage.prompt_tokens == 5
    assert answer.usage.completion_tokens == 6
    said = sorted((request.sampling["seed"], request.choice) for request in server.script.requests)
    assert said == [(1, 0), (1, 1), (1, 2)]


def test_streamed_choices(server: Running) -> None:
    texts = ["", ""]
    for chunk in ask(server.client(), "text:hello", n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["hello", "hello"]


def test_logprobs(server: Running) -> None:
    answer = ask(server.client(), "think:hmm text:hello", logprobs=True, top_logprobs=2)
    tokens = answer.choices[0].logprobs.content
    assert [token.token for token in tokens] == ["hel", "lo"]
    assert [top.token for top in tokens[0].top_logprobs] == ["hel0", "hel1"]
    assert tokens[0].bytes == list(b"hel")


def test_completions(server: Running) -> None:
    answer = server.client().completions.create(model="nick", prompt="text:hello", echo=True, max_tokens=9)
    assert answer.choices[0].text == "text:hellohello"
    assert answer.object == "text_completion"
    assert server.script.requests[0].max_tokens == 9


def test_completions_of_many_prompts(server: Running) -> None:
    answer = server.client().completions.create(model="scripted", prompt=["text:a", "text:b"], n=2)
    assert [choice.text for choice in answer.choices] == ["a", "a", "b", "b"]
    assert answer.usage.prompt_tokens == 10


def test_completions_of_tokens(server: Running) -> None:
    server.client().completions.create(model="scripted", prompt=[[1, 2], [3]])
    assert [request.prompt for request in server.script.requests] == [(1, 2), (3,)]


def test_completions_stream_with_logprobs(server: Running) -> None:
    chunks = list(
        server.client().completions.create(model="scripted", prompt="text:hello", stream=True, logprobs=1)
    )
    assert "".join(chunk.choices[0].text for chunk in chunks) == "hello"
    said = [chunk.choices[0].logprobs for chunk in chunks if chunk.choices[0].logprobs]
    assert [token for logprobs in said for token in logprobs.tokens] == ["hel", "lo"]
    assert [offset for logprobs in said for offset in logprobs.text_offset] == [0, 3]


def test_models(server: Running) -> None:
    client = server.client()
    assert [model.id for model in client.models.list()] == ["scripted"]
    assert client.models.retrieve("nick").id == "scripted"
    assert client.models.retrieve("scripted").context_length == 4096
    with pytest.raises(openai.NotFoundError, match="org/other"):
        client.models.retrieve("org/other")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("raise:context", openai.BadRequestError),
        ("raise:overloaded", openai.RateLimitError),
        ("raise:crashed", openai.InternalServerError),
        ("crash", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_before_the_first_event(
    server: Running, script: str, kind: type[openai.APIStatusError], stream: bool
) -> None:
    with pytest.raises(kind) as caught:
        ask(server.client(), script, stream=stream)
    assert "/a/local/path" not in caught.value.response.text
    assert "Traceback" not in caught.value.response.text


def test_error_in_mid_stream(server: Running) -> None:
    stream = ask(server.client(), "text:hello wait raise:engine", stream=True)
    said: list[str] = []

    def read() -> None:
        for chunk in stream:
            said.append(chunk.choices[0].delta.content or "")
            server.open_gate()

    with pytest.raises(openai.APIError, match="Something broke") as caught:
        read()
    assert "".join(said) == "hello"
    assert caught.value.code == "engine_error"


def test_unknown_model(server: Running) -> None:
    with pytest.raises(openai.NotFoundError, match="Served: scripted") as caught:
        server.client().chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": "a"}])
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_request_ids(server: Running) -> None:
    client = server.client()
    assert ask(client, "text:a")._request_id.startswith("req_")
    assert ask(client, "text:a", extra_headers={"x-request-id": "mine-1"})._request_id == "mine-1"
    assert ask(client, "text:a", extra_headers={"x-request-id": "no spaces"})._request_id.startswith("req_")
