"""A whole generation as one JSON object, for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mlxk.events import Block, Completion


def to_json(completion: Completion) -> str:
    """One line of JSON; keys are `Completion`'s own names, `tool_calls` in the OpenAI shape."""
    return json.dumps(to_dict(completion), ensure_ascii=False)


def to_dict(completion: Completion) -> dict[str, Any]:
    finish = completion.finish
    usage = finish.usage
    return {
        "id": completion.start.id,
        "model": completion.start.model,
        "created": completion.start.created,
        "text": completion.text,
        "reasoning": completion.reasoning or None,
        "tool_calls": [_tool_call(block) for block in completion.tool_calls],
        "finish_reason": finish.reason,
        "stop_sequence": finish.stop_sequence,
        "usage": {**asdict(usage), "total_tokens": usage.total_tokens},
        "timings": asdict(finish.timings),
        "warnings": [*completion.start.warnings, *finish.warnings],
    }


def _tool_call(block: Block) -> dict[str, Any]:
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.text}}
