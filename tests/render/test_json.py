"""The JSON object of a whole generation."""

from __future__ import annotations

import io
import json

import pytest

from mlxk.errors import EngineCrashed
from mlxk.events import (
    Block,
    BlockDelta,
    BlockEnd,
    BlockStart,
    Completion,
    Failed,
    Finish,
    PromptProgress,
    Start,
    Timings,
    Usage,
)
from mlxk.render.json import JsonLines, to_json
from mlxk.render.stats import stats_line

USAGE = Usage(prompt_tokens=10, completion_tokens=5, reasoning_tokens=2, cached_tokens=4)
FINISH = Finish("tool_calls", USAGE, Timings(0.0, 0.5, 1.5), warnings=("odd",))
COMPLETION = Completion(
    Start("gen-1", "demo", 7, ("careful",), 4),
    (
        Block("reasoning", "hm"),
        Block("text", "é: "),
        Block("text", "ok"),
        Block("tool_call", '{"a": 1}', "call_1", "f"),
    ),
    FINISH,
)


def test_every_part_has_its_own_field() -> None:
    line = to_json(COMPLETION)
    assert "\n" not in line
    assert "é" in line
    assert json.loads(line) == {
        "id": "gen-1",
        "model": "demo",
        "created": 7,
        "text": "é: ok",
        "reasoning": "hm",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
        ],
        "finish_reason": "tool_calls",
        "stop_sequence": None,
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "reasoning_tokens": 2,
            "cached_tokens": 4,
            "total_tokens": 15,
        },
        "timings": {"queue": 0.0, "first_token": 0.5, "total": 1.5, "load": 0.0},
        "warnings": ["careful", "odd"],
    }


def test_stats_are_facts() -> None:
    assert stats_line(FINISH) == (
        "prompt 10 tokens (4 cached), answer 5 tokens (2 reasoning), first token 0.500 s, total 1.500 s, "
        "4.0 tokens/s, finish reason tool_calls"
    )


def test_events_are_lines_with_their_type() -> None:
    out = io.StringIO()
    lines = JsonLines(out)
    events = (
        COMPLETION.start,
        PromptProgress(5, 10),
        BlockStart(0, "tool_call", "call_1", "f"),
        BlockDelta(0, "{é"),
        BlockEnd(0),
        FINISH,
    )
    for event in events:
        lines.feed(event)
    start, progress, block, delta, end, finish = map(json.loads, out.getvalue().splitlines())
    assert start == {
        "type": "start",
        "id": "gen-1",
        "model": "demo",
        "created": 7,
        "warnings": ["careful"],
        "prompt_tokens": 4,
        "settings": None,
    }
    assert progress == {"type": "prompt_progress", "processed": 5, "total": 10}
    assert block == {"type": "block_start", "index": 0, "kind": "tool_call", "id": "call_1", "name": "f"}
    assert delta == {"type": "block_delta", "index": 0, "text": "{é"}
    assert end == {"type": "block_end", "index": 0}
    assert finish["type"] == "finish"
    assert finish["reason"] == "tool_calls"
    assert finish["usage"]["total_tokens"] == 15


def test_a_failure_is_a_line_and_an_error() -> None:
    out = io.StringIO()
    error = EngineCrashed("it died", hint="try again")
    with pytest.raises(EngineCrashed):
        JsonLines(out).feed(Failed(error))
    told = {"code": "engine_crashed", "message": "it died", "hint": "try again"}
    assert json.loads(out.getvalue()) == {"type": "failed", "error": told}
