"""Bodies of Anthropic messages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from mlxk.errors import RequestError, ThreadNotFound, UnsupportedParameter
from mlxk.events import BlockDelta, BlockEnd, BlockStart, Collector, Event, Finish, Start, Usage
from mlxk.protocols.anthropic import messages
from mlxk.requests import GenerationRequest, JsonSchema, Message, NamedToolChoice, ReasoningOptions, Tool
from tests.protocols.conftest import MakeCard

USER = {"role": "user", "content": "hi"}
LEAST = {"model": "m", "max_tokens": 5, "messages": [USER]}
ADD = {"name": "add", "input_schema": {"type": "object"}}
ADDS = (Tool("add", parameters={"type": "object"}),)


def parse(**fields: object) -> GenerationRequest:
    return messages.parse({**LEAST, **fields}).generations[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"system": "be"}, {"messages": (Message("system", "be"), Message("user", "hi"))}),
        ({"stop_sequences": ["x"]}, {"stop": ("x",)}),
        (
            {"temperature": 0, "top_p": 0.5, "top_k": 3},
            {"sampling": {"temperature": 0, "top_p": 0.5, "top_k": 3}},
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 9}},
            {"reasoning": ReasoningOptions(enabled=True, max_tokens=9)},
        ),
        ({"thinking": {"type": "disabled"}}, {"reasoning": ReasoningOptions(enabled=False)}),
        ({"thinking": {"type": "adaptive"}}, {}),
        ({"output_config": {"effort": "low"}}, {"reasoning": ReasoningOptions(effort="low")}),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"a": 1}}}},
            {"response_format": JsonSchema({"a": 1})},
        ),
        ({"tools": [ADD], "tool_choice": {"type": "any"}}, {"tools": ADDS, "tool_choice": "required"}),
        (
            {
                "tools": [ADD],
                "tool_choice": {"type": "tool", "name": "add", "disable_parallel_tool_use": True},
            },
            {"tools": ADDS, "tool_choice": NamedToolChoice("add"), "parallel_tool_calls": False},
        ),
        (
            {"messages": [USER, {"role": "assistant", "content": "so"}]},
            {"messages": (Message("user", "hi"), Message("assistant", "so")), "continue_final": True},
        ),
        ({"metadata": {"user_id": "me"}, "service_tier": "auto"}, {}),
        ({"speed": "fast", "user_profile_id": "p", "workspace_id": "w", "mcp_servers": []}, {}),
        ({"context_management": {"edits": []}, "fallbacks": "default"}, {}),
        ({"output_config": {"effort": "max"}}, {"reasoning": ReasoningOptions(effort="max")}),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, {}),
        (
            {"tools": [{**ADD, "defer_loading": False, "allowed_callers": ["direct"]}]},
            {"tools": ADDS},
        ),
        (
            {"tools": [{**ADD, "description": "Adds.", "input_examples": [{"a": 1}, {"a": 2}]}]},
            {"tools": (Tool("add", 'Adds.\nExamples of its input:\n{"a":1}\n{"a":2}', {"type": "object"}),)},
        ),
        (
            {"messages": [USER, {"role": "system", "content": "Be short."}, USER]},
            {"messages": (Message("user", "hi"), Message("system", "Be short."), Message("user", "hi"))},
        ),
    ],
)
def test_fields(fields: Mapping[str, object], expected: dict[str, object]) -> None:
    least = {"messages": (Message("user", "hi"),), "model": "m", "max_tokens": 5, "fill_context": True}
    assert parse(**fields) == GenerationRequest(**{**least, **expected})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "system", "content": [{"type": "thinking", "thinking": "x"}]}]},
            "messages[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "spell"}]}]}, "messages[0].content[0].type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]},
            "messages[0].content[0]",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "thinking", "thinking": "x"}]}]},
            "messages[0].content[0]",
        ),
        ({"stop_sequences": [""]}, "stop_sequences[0]"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tools": [ADD], "tool_choice": {"type": "tool", "name": "sub"}}, "tool_choice.name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"max_token": 1}, "max_token"),
    ],
)
def test_refused(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [ADD, {**ADD, "name": "b", "defer_loading": True}]}, "tools[1].defer_loading"),
        ({"context_management": {"edits": [{"type": "clear_thinking"}]}}, "context_management"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"diagnostics": {"previous_message_id": "m"}}, "diagnostics"),
        ({"fallbacks": [{"model": "other"}]}, "fallbacks"),
    ],
)
def test_what_an_answer_can_do_without_is_left_to_the_policy(
    fields: Mapping[str, object], param: str
) -> None:
    assert [item.param for item in parse(**fields).unsupported] == [param]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0].type"),
        ({"tools": [{**ADD, "allowed_callers": ["code_execution_20260120"]}]}, "tools[0].allowed_callers"),
        ({"container": "c"}, "container"),
        ({"mcp_servers": [{"url": "https://example.org"}]}, "mcp_servers"),
        ({"compaction": {}}, "compaction"),
    ],
)
def test_what_cannot_be_honoured_is_named(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        parse(**fields)
    assert caught.value.param == param


def test_media_are_not_supported() -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        parse(messages=[{"role": "user", "content": [{"type": "image", "source": {}}]}])
    assert caught.value.param == "messages[0].content[0]"


@pytest.mark.parametrize(
    ("total", "expected"), [(4095, "max_tokens"), (4096, "model_context_window_exceeded")]
)
def test_a_full_window_is_told(card: MakeCard, total: int, expected: str) -> None:
    encoder = messages.parse(LEAST).encoder(card())
    events: list[Event] = [Start("gen-1", "demo", 1), Finish("length", Usage(total - 9, 9))]
    collector = Collector()
    for event in events:
        collector.feed(event)
    assert encoder.body([collector.completion()])["stop_reason"] == expected
    assert f'"stop_reason":"{expected}"'.encode() in b"".join(encoder.feed(0, event) for event in events)


@pytest.mark.parametrize(
    ("stop", "expected"), [("x", "stop_sequence"), ("<|im_end|>", "end_turn"), (None, "end_turn")]
)
def test_only_own_stop_sequences_are_told(card: MakeCard, stop: str | None, expected: str) -> None:
    encoder = messages.parse({**LEAST, "stop_sequences": ["x"]}).encoder(card())
    events: list[Event] = [Start("gen-1", "demo", 1), Finish("stop", Usage(1, 1), stop_sequence=stop)]
    collector = Collector()
    for event in events:
        collector.feed(event)
    answer = encoder.body([collector.completion()])
    assert answer["stop_reason"] == expected
    assert answer["stop_sequence"] == ("x" if expected == "stop_sequence" else None)
    assert f'"stop_reason":"{expected}"'.encode() in b"".join(encoder.feed(0, event) for event in events)


def test_thinking_is_signed_alike_in_a_stream_and_whole(card: MakeCard) -> None:
    """Clients send back only thinking with a signature, and expect it before the block's end."""
    events: list[Event] = [
        Start("gen-1", "demo", 1),
        BlockStart(0, "reasoning"),
        BlockDelta(0, "h"),
        BlockDelta(0, "m"),
        BlockEnd(0),
        Finish("stop", Usage(1, 1)),
    ]
    encoder = messages.parse(LEAST).encoder(card())
    collector = Collector()
    for event in events:
        collector.feed(event)
    (block,) = msgspec.convert(encoder.body([collector.completion()])["content"], list[dict[str, str]])
    assert block["signature"]
    streamed = b"".join(encoder.feed(0, event) for event in events)
    signed = f'"delta":{{"type":"signature_delta","signature":"{block["signature"]}"}}'.encode()
    assert streamed.index(signed) < streamed.index(b"content_block_stop")
    assert parse(messages=[USER, {"role": "assistant", "content": [block]}]).messages[1].reasoning == "hm"


def test_thinking_that_is_not_shown_comes_back_by_its_signature(card: MakeCard) -> None:
    events: list[Event] = [
        Start("gen-1", "demo", 1),
        BlockStart(0, "reasoning"),
        BlockDelta(0, "hm, 1 + "),
        BlockDelta(0, "1"),
        BlockEnd(0),
        Finish("stop", Usage(1, 1)),
    ]
    asked = {**LEAST, "thinking": {"type": "adaptive", "display": "omitted"}}
    encoder = messages.parse(asked).encoder(card())
    collector = Collector()
    for event in events:
        collector.feed(event)
    (block,) = msgspec.convert(encoder.body([collector.completion()])["content"], list[dict[str, str]])
    assert (block["type"], block["thinking"]) == ("thinking", "")
    streaming = messages.parse(asked).encoder(card())
    stream = b"".join(streaming.feed(0, event) for event in events)
    assert b"thinking_delta" not in stream
    assert f'"signature_delta","signature":"{block["signature"]}"'.encode() in stream
    for answer in (block, {**block, "thinking": "hm, 1 + 1"}):
        conversation = [USER, {"role": "assistant", "content": [answer]}, USER]
        assert parse(messages=conversation).messages[1].reasoning == "hm, 1 + 1"
    # One that was made elsewhere tells nothing.
    foreign = {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}
    assert parse(messages=[{"role": "assistant", "content": [foreign]}]).messages[0].reasoning == ""


def test_a_thread_may_begin_and_is_not_kept() -> None:
    assert parse(thread={"type": "create"}) == parse()
    with pytest.raises(ThreadNotFound) as caught:
        parse(thread={"type": "continue", "previous_message_id": "msg_1"})
    told = messages.error_body(caught.value)
    assert told["error"] == {
        "type": "not_found_error",
        "message": "thread: Conversations are not kept here: send all messages.",
        "details": {"error_code": "thread_not_found"},
    }


def test_an_order_to_keep_all_thinking_asks_for_nothing() -> None:
    keeps = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    assert parse(context_management=keeps).unsupported == ()
    clears = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    assert [one.param for one in parse(context_management=clears).unsupported] == ["context_management"]
