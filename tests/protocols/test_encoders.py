"""One generation, two answers: the stream folds to what the whole answer says."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxk.errors import EngineCrashed, EngineUnavailable, ModelError, RequestError
from mlxk.events import BlockDelta, BlockEnd, BlockStart, Collector, Event, Failed, Finish, Start, Usage
from mlxk.protocols.base import Encoder, Expose, Json
from mlxk.protocols.openai import chat, completions
from mlxk.protocols.openai.common import error_body
from tests.protocols.conftest import MakeCard, event_streams

exposes = st.sampled_from(["reasoning", "reasoning_content", "both", "inline", "drop"])
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def frames(data: bytes) -> list[str]:
    """The data of an SSE stream, read as its specification says."""
    *whole, rest = data.decode().split("\n\n")
    assert rest == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in whole)
    return [frame.removeprefix("data: ") for frame in whole]


def stream(encoder: Encoder, streams: Sequence[Sequence[Event]]) -> list[dict[str, object]]:
    data = b"".join(encoder.feed(choice, event) for choice, events in enumerate(streams) for event in events)
    *chunks, done = frames(data + encoder.end())
    assert done == "[DONE]"
    return [json.loads(chunk) for chunk in chunks]


def whole(encoder: Encoder, streams: Sequence[Sequence[Event]]) -> Json:
    collectors = []
    for events in streams:
        collectors.append(Collector())
        for event in events:
            collectors[-1].feed(event)
    return json.loads(json.dumps(encoder.body([collector.completion() for collector in collectors])))


def fold_chat(chunks: list[dict], choices: int) -> list[dict]:
    """What a client makes of the chunks."""
    folded = [{"message": {}, "logprobs": [], "calls": {}} for _ in range(choices)]
    for chunk in chunks:
        for choice in chunk["choices"]:
            into = folded[choice["index"]]
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for piece in value:
                        call = into["calls"].setdefault(piece["index"], {"arguments": ""})
                        call |= {key: piece[key] for key in ("id", "type") if key in piece}
                        call["arguments"] += piece["function"]["arguments"]
                        call["name"] = piece["function"].get("name", call.get("name"))
                elif name == "role":
                    into["message"]["role"] = value
                else:
                    into["message"][name] = into["message"].get(name, "") + value
            into["logprobs"] += (choice["logprobs"] or {}).get("content", [])
            into["finish_reason"] = choice["finish_reason"]
    return folded


@relaxed
@given(streams=st.lists(event_streams(), min_size=1, max_size=2), expose=exposes, logprobs=st.booleans())
def test_chat_stream_folds_to_the_whole(
    card: MakeCard, streams: list[list[Event]], expose: Expose, logprobs: bool
) -> None:
    body = {
        "messages": [{"role": "user", "content": "hi"}],
        "n": len(streams),
        "stream": True,
        "logprobs": logprobs,
        "stream_options": {"include_usage": True},
    }
    parsed = chat.parse(body)
    *chunks, last = stream(parsed.encoder(card(expose)), streams)
    answer = whole(parsed.encoder(card(expose)), streams)
    assert last["choices"] == []
    assert last["usage"] == answer["usage"]
    assert {chunk["id"] for chunk in chunks} == {answer["id"]} == {"chatcmpl-gen-1"}
    for folded, choice in zip(fold_chat(chunks, len(streams)), answer["choices"], strict=True):
        message = choice["message"]
        assert folded["message"]["content"] == (message["content"] or "")
        for name in ("reasoning", "reasoning_content"):
            assert folded["message"].get(name) == message.get(name)
        assert list(folded["calls"].values()) == [
            {"id": call["id"], "type": "function", **call["function"]}
            for call in message.get("tool_calls", [])
        ]
        assert folded["logprobs"] == ((choice["logprobs"] or {}).get("content", []))
        assert folded["finish_reason"] == choice["finish_reason"]


@relaxed
@given(events=event_streams(), expose=exposes, echo=st.booleans())
def test_completions_stream_folds_to_the_whole(
    card: MakeCard, events: list[Event], expose: Expose, echo: bool
) -> None:
    parsed = completions.parse({"prompt": "once", "stream": True, "echo": echo})
    chunks = stream(parsed.encoder(card(expose)), [events])
    answer = whole(parsed.encoder(card(expose)), [events])["choices"][0]
    pieces = [chunk["choices"][0] for chunk in chunks]
    assert "".join(piece["text"] for piece in pieces) == answer["text"]
    assert answer["text"].startswith("once" if echo else "")
    assert pieces[-1]["finish_reason"] == answer["finish_reason"]
    for name in ("reasoning", "reasoning_content"):
        assert "".join(piece.get(name, "") for piece in pieces) == answer.get(name, "")
    logprobs = [piece["logprobs"] for piece in pieces if piece["logprobs"]]
    for name in ("tokens", "token_logprobs", "top_logprobs"):
        said = [item for one in logprobs for item in one[name]]
        assert said == (answer["logprobs"] or {name: []})[name]


def events_of(*blocks: tuple[str, str]) -> list[Event]:
    events: list[Event] = [Start("gen-1", "demo", 1_700_000_000)]
    for index, (kind, text) in enumerate(blocks):
        call = ("call_1", "add") if kind == "tool_call" else (None, None)
        events += [BlockStart(index, kind, *call), BlockDelta(index, text), BlockEnd(index)]  # type: ignore[arg-type]
    return [*events, Finish("stop", Usage(7, 3, 1, 2))]


def test_chat_frames_to_the_byte(card: MakeCard) -> None:
    parsed = chat.parse({"messages": [{"role": "user", "content": "hi"}], "stream": True})
    encoder = parsed.encoder(card("reasoning"))
    head = (
        b'data: {"id":"chatcmpl-gen-1","object":"chat.completion.chunk","created":1700000000,'
        b'"model":"demo","system_fingerprint":"c0ffee","choices":[{"index":0,"delta":'
    )
    tail = b',"logprobs":null,"finish_reason":null}]}\n\n'
    said = [encoder.feed(0, event) for event in events_of(("reasoning", 'a"\n'), ("tool_call", "{}"))]
    assert [one for one in said if one] == [
        head + b'{"role":"assistant","content":""}' + tail,
        head + b'{"reasoning":"a\\"\\n"}' + tail,
        head
        + b'{"tool_calls":[{"index":0,"id":"call_1","type":"function",'
        + b'"function":{"name":"add","arguments":""}}]}'
        + tail,
        head + b'{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}' + tail,
        head + b'{},"logprobs":null,"finish_reason":"stop"}]}\n\n',
    ]
    assert encoder.end() == b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("expose", "expected"),
    [
        ("reasoning", {"content": "yes", "reasoning": "hm"}),
        ("reasoning_content", {"content": "yes", "reasoning_content": "hm"}),
        ("both", {"content": "yes", "reasoning": "hm", "reasoning_content": "hm"}),
        ("inline", {"content": "<think>\nhm\n</think>\n\nyes"}),
        ("drop", {"content": "yes"}),
    ],
)
def test_where_reasoning_goes(card: MakeCard, expose: Expose, expected: dict[str, str]) -> None:
    encoder = chat.parse({"messages": [{"role": "user", "content": "hi"}]}).encoder(card(expose))
    answer = whole(encoder, [events_of(("reasoning", "hm"), ("text", "yes"))])
    assert answer["choices"][0]["message"] == {
        "role": "assistant",
        "refusal": None,
        "annotations": [],
        **expected,
    }


def test_content_is_null_beside_tool_calls(card: MakeCard) -> None:
    encoder = chat.parse({"messages": [{"role": "user", "content": "hi"}]}).encoder(card())
    message = whole(encoder, [events_of(("tool_call", "{}"))])["choices"][0]["message"]
    assert message["content"] is None


@pytest.mark.parametrize("dialect", [chat, completions])
def test_broken_generations_raise(card: MakeCard, dialect) -> None:
    body = {"prompt": "hi"} if dialect is completions else {"messages": [{"role": "user", "content": "hi"}]}
    encoder = dialect.parse(body).encoder(card())
    start, *_ = events_of()
    encoder.feed(0, start)
    with pytest.raises(EngineCrashed):
        encoder.feed(0, Failed(EngineCrashed("gone")))
    with pytest.raises(EngineUnavailable, match="cancelled"):
        encoder.feed(0, Finish("cancelled", Usage(1, 1)))
    (said,) = frames(encoder.fail(EngineCrashed("gone")))
    assert json.loads(said)["error"]["code"] == "engine_crashed"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            RequestError("No.", hint="Try this.", param="n"),
            {
                "message": "No. Try this.",
                "type": "invalid_request_error",
                "param": "n",
                "code": "invalid_request",
            },
        ),
        (
            EngineCrashed("gone"),
            {"message": "gone", "type": "server_error", "param": None, "code": "engine_crashed"},
        ),
        (
            ModelError("/home/me/secret is broken", param="x"),
            {
                "message": "The server had an error while processing the request.",
                "type": "server_error",
                "param": None,
                "code": "internal_error",
            },
        ),
    ],
)
def test_error_bodies(error: RequestError, expected: dict[str, object]) -> None:
    assert error_body(error) == {"error": expected}
