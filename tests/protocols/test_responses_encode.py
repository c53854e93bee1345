"""Events to responses: every stream's order and numbers, and each body held against OpenAI's own types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from mlxk.errors import EngineCrashed, Overloaded
from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockStart,
    Event,
    Failed,
    Finish,
    FinishReason,
    Settings,
    Start,
    TokenLogprob,
    Usage,
)
from mlxk.protocols.base import Expose, Json
from mlxk.requests import Message
from tests.openai_types import RESPONSE, RESPONSE_EVENT, check
from tests.protocols.conftest import MakeCard, event_streams
from tests.protocols.responses import CARD, Kept, answer, frames, parsed, request_of, stream

LOGPROBS = (TokenLogprob("he", b"he", -0.5, (TokenLogprob("ha", b"ha", -1.5),)),)
ADD: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": True}
SHELL: Any = {"type": "custom", "name": "shell", "description": "a shell"}
# What https://openresponses.org has beyond OpenAI's type.
OURS = ("store", "presence_penalty", "frequency_penalty")


def said(reason: FinishReason = "stop") -> list[Event]:
    return [
        Start("gen-1", "demo", 1_700_000_000),
        BlockStart(0, "reasoning"),
        BlockDelta(0, "hm"),
        BlockDelta(0, "m"),
        BlockEnd(0),
        BlockStart(1, "text"),
        BlockDelta(1, "he", LOGPROBS),
        BlockDelta(1, "y"),
        BlockEnd(1),
        BlockStart(2, "tool_call", "call_1", "add"),
        BlockDelta(2, '{"a":'),
        BlockDelta(2, " 1}"),
        BlockEnd(2),
        Finish(reason, Usage(7, 5, 2, 3)),
    ]


def test_what_was_used_is_told_rather_than_what_was_asked() -> None:
    penalties = {"presence_penalty": 0.5, "frequency_penalty": -0.5}
    used = Settings(0.25, 0.9, 64, truncates=True, effort="high", schema={"type": "object"}, **penalties)
    events = [replace(said()[0], settings=used), *said()[1:]]
    asked: dict[str, Any] = {"temperature": 2, "max_output_tokens": 1000, "reasoning": {"effort": "xhigh"}}
    bodies = [frame["response"] for frame in stream(events, **asked) if "response" in frame]
    for body in (answer(events, **asked), bodies[0], bodies[-1]):
        assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0.25, 0.9, 64)
        assert (body["truncation"], body["reasoning"]) == ("auto", {"effort": "high", "summary": None})
        assert body["text"]["format"]["schema"] == {"type": "object"}
        assert {name: body[name] for name in penalties} == penalties
        check(RESPONSE, body, also=OURS)


def test_the_whole_answer() -> None:
    body = answer(said("tool_calls"), tools=[ADD], metadata={"k": "v"}, instructions="be")
    assert body["output"] == [
        {
            "type": "reasoning",
            "id": "rs_1_0",
            "status": "completed",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "hmm"}],
        },
        {
            "type": "message",
            "id": "msg_1_1",
            "status": "completed",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": "hey",
                    "annotations": [],
                    "logprobs": [
                        {
                            "token": "he",
                            "logprob": -0.5,
                            "bytes": [104, 101],
                            "top_logprobs": [{"token": "ha", "logprob": -1.5, "bytes": [104, 97]}],
                        }
                    ],
                }
            ],
        },
        {
            "type": "function_call",
            "id": "fc_1_2",
            "status": "completed",
            "call_id": "call_1",
            "name": "add",
            "arguments": '{"a": 1}',
        },
    ]
    assert body["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 12,
    }
    assert (body["id"], body["status"], body["completed_at"]) == ("resp_1", "completed", 1_700_000_000)
    assert (body["instructions"], body["metadata"]) == ("be", {"k": "v"})


def test_every_event_in_its_order() -> None:
    bodies = stream(said("tool_calls"), tools=[ADD])
    assert [body["type"].removeprefix("response.") for body in bodies] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


@pytest.mark.parametrize("fields", [{}, {"include": ["reasoning.encrypted_content"]}, {"store": False}])
def test_a_stream_ends_with_the_whole_answer(fields: dict[str, object]) -> None:
    assert stream(said(), **fields)[-1]["response"] == answer(said(), **fields)


def test_an_answer_that_was_cut_off() -> None:
    body = answer(said("length"))
    assert (body["status"], body["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert [item["status"] for item in body["output"]] == ["completed", "completed", "incomplete"]
    last = stream(said("length"))[-1]
    assert (last["type"], last["response"]) == ("response.incomplete", body)


def test_an_answer_that_broke_off() -> None:
    encoder = parsed().encoder(CARD)
    told = b"".join(encoder.feed(0, event) for event in said()[:7])
    with pytest.raises(EngineCrashed):
        encoder.feed(0, Failed(EngineCrashed("it died")))
    error, failed = frames(told + encoder.fail(EngineCrashed("it died")))[-2:]
    assert (error["type"], error["code"], error["message"]) == ("error", "engine_crashed", "it died")
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": "server_error", "message": "it died"}
    assert [item["type"] for item in failed["response"]["output"]] == ["reasoning"]
    for body in (error, failed):
        check(RESPONSE_EVENT, body, also=OURS)


def test_a_failure_before_the_beginning() -> None:
    encoder = parsed().encoder(CARD)
    (error,) = frames(encoder.fail(Overloaded("full")))
    assert (error["type"], error["code"]) == ("error", "overloaded")


def test_custom_tools_are_given_their_text() -> None:
    events: list[Event] = [
        Start("gen-1", "demo", 1),
        BlockStart(0, "tool_call", "call_1", "shell"),
        BlockDelta(0, '{"input": "ls'),
        BlockDelta(0, ' -l"}'),
        BlockEnd(0),
        Finish("tool_calls", Usage(1, 1)),
    ]
    body = answer(events, tools=[SHELL])
    (call,) = body["output"]
    assert (call["type"], call["input"]) == ("custom_tool_call", "ls -l")
    bodies = stream(events, tools=[SHELL])
    assert [one["delta"] for one in bodies if "delta" in one] == ["ls -l"]
    for one in bodies:
        check(RESPONSE_EVENT, one, also=OURS)
    items = [call, {"type": "custom_tool_call_output", "call_id": "call_1", "output": "a"}]
    assert request_of(input=items).messages[0].tool_calls[0].arguments == '{"input":"ls -l"}'


def test_reasoning_is_carried_for_clients_that_keep_nothing_else() -> None:
    body = answer(said(), include=["reasoning.encrypted_content"])
    thought = {**body["output"][0], "content": []}
    question: Json = {"role": "user", "content": "so?"}
    assert request_of(input=[thought, question]).messages[0] == Message("assistant", reasoning="hmm")


@pytest.mark.parametrize(("expose", "kinds"), [("drop", ["message"]), ("inline", ["reasoning", "message"])])
def test_reasoning_is_dropped_when_the_profile_says_so(
    card: MakeCard, expose: Expose, kinds: Sequence[str]
) -> None:
    events = [*said()[:9], said()[-1]]
    encoder = parsed().encoder(card(expose))
    last = frames(b"".join(encoder.feed(0, event) for event in events))[-1]
    assert [item["type"] for item in last["response"]["output"]] == kinds


@settings(max_examples=60, deadline=None)
@given(events=event_streams())
def test_any_answer_is_of_openais_types(events: list[Event]) -> None:
    fields: dict[str, Any] = {
        "tools": [ADD, SHELL],
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "custom", "name": "shell"}],
        },
    }
    kept = Kept()
    body = answer(events, kept, **fields)
    check(RESPONSE, body, also=OURS)
    bodies = stream(events, **fields)
    for one in bodies:
        check(RESPONSE_EVENT, one, also=OURS)
    assert [one["sequence_number"] for one in bodies] == list(range(len(bodies)))
    assert bodies[-1]["response"] == body
    # It can be sent back as it is, and built upon.
    sent_back = request_of(input=[*body["output"], {"role": "user", "content": "so?"}])
    built_upon = request_of(kept, input="so?", previous_response_id=body["id"])
    assert sent_back.messages == built_upon.messages[1:]
