"""The JSON object of a whole generation."""

from __future__ import annotations

import json

from mlxk.events import Block, Completion, Finish, Start, Timings, Usage
from mlxk.render.json import to_json
from mlxk.render.stats import stats_line

USAGE = Usage(prompt_tokens=10, completion_tokens=5, reasoning_tokens=2, cached_tokens=4)
FINISH = Finish("tool_calls", USAGE, Timings(0.0, 0.5, 1.5), warnings=("odd",))
COMPLETION = Completion(
    Start("gen-1", "demo", 7, ("careful",)),
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
        "timings": {"queue": 0.0, "first_token": 0.5, "total": 1.5},
        "warnings": ["careful", "odd"],
    }


def test_stats_are_facts() -> None:
    assert stats_line(FINISH) == (
        "prompt 10 tokens (4 cached), answer 5 tokens (2 reasoning), first token 0.500 s, total 1.500 s, "
        "4.0 tokens/s, finish reason tool_calls"
    )
