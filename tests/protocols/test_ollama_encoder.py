"""Ollama's answers: the lines fold to the whole, calls come whole, durations add up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxk.errors import EngineCrashed, EngineUnavailable
from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockStart,
    Collector,
    Event,
    Failed,
    Finish,
    Start,
    Timings,
    Usage,
)
from mlxk.protocols.base import Expose, ParsedRequest
from mlxk.protocols.ollama import chat, generate
from tests.protocols.conftest import MakeCard, event_streams

exposes = st.sampled_from(["reasoning", "both", "inline", "drop"])
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def parse(kind: str, **fields: Any) -> ParsedRequest:
    if kind == "chat":
        return chat.parse({"messages": [{"role": "user", "content": "hi"}], **fields})
    return generate.parse({"prompt": "hi", **fields})


def lines(parsed: ParsedRequest, events: Sequence[Event], card: Any) -> list[dict[str, Any]]:
    encoder = parsed.encoder(card)
    data = b"".join(encoder.feed(0, event) for event in events) + encoder.end()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def whole(parsed: ParsedRequest, events: Sequence[Event], card: Any) -> dict[str, Any]:
    collector = Collector()
    for event in events:
        collector.feed(event)
    return json.loads(json.dumps(parsed.encoder(card).body([collector.completion()])))


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer or a part of it says, whichever the endpoint."""
    return answer["message"] if "message" in answer else {**answer, "content": answer["response"]}


def fold(parts: list[dict[str, Any]]) -> dict[str, Any]:
    folded: dict[str, Any] = {"content": "", "thinking": "", "tool_calls": [], "logprobs": []}
    for part in parts:
        folded["content"] += said(part)["content"]
        folded["thinking"] += said(part).get("thinking", "")
        folded["tool_calls"] += said(part).get("tool_calls", [])
        folded["logprobs"] += part.get("logprobs", [])
    return folded


@relaxed
@given(
    events=event_streams(),
    expose=exposes,
    logprobs=st.booleans(),
    kind=st.sampled_from(["chat", "generate"]),
)
def test_the_lines_fold_to_the_whole(
    card: MakeCard, events: list[Event], expose: Expose, logprobs: bool, kind: str
) -> None:
    parsed = parse(kind, logprobs=logprobs, model="demo:latest")
    *parts, last = lines(parsed, events, card(expose))
    answer = whole(parsed, events, card(expose))
    assert fold(parts) == fold([answer])
    assert all(part["done"] is False and part["model"] == "demo:latest" for part in parts)
    assert all(datetime.fromisoformat(part["created_at"]).utcoffset() is not None for part in parts)
    assert fold([last]) == fold([])
    for name in ("done", "done_reason", "prompt_eval_count", "eval_count", "total_duration"):
        assert last[name] == answer[name]
    assert bool(fold(parts)["logprobs"]) <= logprobs


def events_of(*blocks: tuple[str, str], finish: Finish | None = None) -> list[Event]:
    events: list[Event] = [Start("gen-1", "demo", 1_700_000_000)]
    for index, (kind, text) in enumerate(blocks):
        call = (f"call_{index}", "add") if kind == "tool_call" else (None, None)
        events += [BlockStart(index, kind, *call), BlockDelta(index, text), BlockEnd(index)]  # type: ignore[arg-type]
    return [*events, finish or Finish("stop", Usage(7, 3))]


def test_a_call_comes_whole_and_with_an_object(card: MakeCard) -> None:
    events = events_of(("tool_call", '{"a": 1}'), ("text", "and"), ("tool_call", "{}"))
    finish = Finish("tool_calls", Usage(7, 3))
    first, _, second, last = lines(parse("chat"), [*events[:-1], finish], card())
    assert first["message"] == {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "call_0", "function": {"index": 0, "name": "add", "arguments": {"a": 1}}}],
    }
    assert second["message"]["tool_calls"][0]["function"] == {"index": 1, "name": "add", "arguments": {}}
    assert last["done_reason"] == "stop"


@pytest.mark.parametrize("text", ['{"a": ', "[1]", "nonsense"])
def test_a_call_that_was_cut_off_is_no_call(card: MakeCard, text: str) -> None:
    events = events_of(("tool_call", text), finish=Finish("length", Usage(7, 3)))
    (last,) = lines(parse("chat"), events, card())
    assert last["done_reason"] == "length"
    assert "tool_calls" not in whole(parse("chat"), events, card())["message"]


@pytest.mark.parametrize(
    ("expose", "content", "thinking"),
    [
        ("both", "yes", "hm"),
        ("reasoning_content", "yes", "hm"),
        ("inline", "<think>\nhm\n</think>\n\nyes", None),
        ("drop", "yes", None),
    ],
)
def test_where_thinking_goes(card: MakeCard, expose: Expose, content: str, thinking: str | None) -> None:
    events = events_of(("reasoning", "hm"), ("text", "yes"))
    message = whole(parse("chat"), events, card(expose))["message"]
    assert (message["content"], message.get("thinking")) == (content, thinking)
    answer = whole(parse("generate"), events, card(expose))
    assert (answer["response"], answer.get("thinking")) == (content, thinking)


def test_durations_are_nanoseconds_and_add_up(card: MakeCard) -> None:
    timings = Timings(queue=0.25, first_token=2.0, total=3.0, load=1.5)
    answer = whole(parse("chat"), events_of(finish=Finish("stop", Usage(7, 3), timings)), card())
    assert answer["total_duration"] == 3_000_000_000
    assert answer["load_duration"] == 1_500_000_000
    assert answer["prompt_eval_duration"] == 250_000_000
    assert answer["eval_duration"] == 1_000_000_000
    assert (answer["prompt_eval_count"], answer["eval_count"]) == (7, 3)


@pytest.mark.parametrize(
    ("keep_alive", "reason"), [(None, "load"), ("5m", "load"), (0, "unload"), ("0", "unload")]
)
def test_the_model_alone(card: MakeCard, keep_alive: object, reason: str) -> None:
    body = chat.parse({"model": "demo", "keep_alive": keep_alive}).encoder(card()).body(())
    assert {name: body[name] for name in body if name != "created_at"} == {
        "model": "demo",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": reason,
    }
    body = generate.parse({"keep_alive": keep_alive}).encoder(card()).body(())
    assert (body["model"], body["response"], body["done_reason"]) == ("demo", "", reason)


def test_what_breaks_off(card: MakeCard) -> None:
    encoder = parse("chat").encoder(card())
    assert encoder.fail(EngineCrashed("It died.")) == b'{"error":"It died."}\n'
    with pytest.raises(EngineCrashed):
        encoder.feed(0, Failed(EngineCrashed("It died.")))
    with pytest.raises(EngineUnavailable):
        encoder.feed(0, Finish("cancelled", Usage(1, 1)))
