"""Tool calls as a client sees them: asked, called, answered, in both templates of the embedded model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.conftest import Cli, Serve

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
QUESTION: Any = {"role": "user", "content": "What is the weather in Paris?"}


@pytest.fixture(scope="module", params=["demo", "demo-harmony"])
def client(request: pytest.FixtureRequest, serve: Serve) -> Iterator[tuple[OpenAI, str]]:
    with (
        serve(request.param) as server,
        OpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0) as openai,
    ):
        yield openai, request.param


def test_a_call_and_its_result(client: tuple[OpenAI, str]) -> None:
    openai, model = client
    first = openai.chat.completions.create(model=model, messages=[QUESTION], tools=[WEATHER])
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    result: Any = {
        "role": "tool",
        "tool_call_id": call.id,
        "content": json.dumps({"weather": "sunny", "temperature": 21}),
    }
    said: Any = message.model_dump(exclude_none=True)  # with its reasoning, as clients send it back
    second = openai.chat.completions.create(model=model, messages=[QUESTION, said, result], tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert "sunny" in (second.choices[0].message.content or "")


def test_a_call_is_streamed_as_it_is_written(client: tuple[OpenAI, str]) -> None:
    """The name first, then the arguments; a server that is behind joins pieces of them."""
    openai, model = client
    deltas, reasons = [], []
    with openai.chat.completions.create(
        model=model, messages=[QUESTION], tools=[WEATHER], stream=True
    ) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                deltas += choice.delta.tool_calls or []
                reasons.append(choice.finish_reason)
    first, *rest = (delta.function for delta in deltas)
    assert first is not None
    assert (first.name, first.arguments) == ("get_weather", "")
    pieces = [item.arguments or "" for item in rest if item is not None]
    assert json.loads("".join(pieces)) == {"city": "Paris"}
    assert {delta.id for delta in deltas if delta.id} == {deltas[0].id}
    assert reasons[-1] == "tool_calls"


def test_no_call_when_none_may_be_made(client: tuple[OpenAI, str]) -> None:
    openai, model = client
    answer = openai.chat.completions.create(
        model=model, messages=[QUESTION], tools=[WEATHER], tool_choice="none"
    )
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].message.content


def test_own_reasoning_markers_on_the_command_line(cli: Cli) -> None:
    prompt = "Why is the sky blue?"
    usual = json.loads(cli("run", "-p", "demo", prompt, "--json").stdout)
    markers = ("--reasoning-start", "<think>", "--reasoning-end", "</think>")
    said = json.loads(cli("run", "-p", "demo", prompt, "--json", *markers).stdout)
    assert (said["text"], said["reasoning"]) == (usual["text"], usual["reasoning"])
    half = cli("run", "-p", "demo", prompt, "--reasoning-start", "<think>")
    assert half.returncode == 2
    assert "--reasoning-end is missing" in half.stderr


@pytest.mark.parametrize("stored", [True, False])
def test_a_call_and_its_result_as_responses(client: tuple[OpenAI, str], stored: bool) -> None:
    """Upon the stored response, or with all its items, the reasoning among them, sent back."""
    openai, model = client
    tool: Any = {"type": "function", **WEATHER["function"], "strict": False}
    first = openai.responses.create(model=model, input=[QUESTION], tools=[tool], store=stored)
    (call,) = (item for item in first.output if item.type == "function_call")
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
    output = json.dumps({"weather": "sunny", "temperature": 21})
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": output}
    if stored:
        second = openai.responses.create(
            model=model, input=[result], tools=[tool], previous_response_id=first.id
        )
    else:
        items: Any = [QUESTION, *first.output, result]
        second = openai.responses.create(model=model, input=items, tools=[tool], store=False)
    assert "sunny" in second.output_text
    assert second.status == "completed"
