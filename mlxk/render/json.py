"""A generation as JSON, for scripts: whole as one object, or each event as a line."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any, TextIO

from mlxk.events import Block, Completion, Event, Failed, Finish


def to_json(completion: Completion) -> str:
    """One line of JSON; keys are `Completion`'s own names, `tool_calls` in the OpenAI shape."""
    return json.dumps(to_dict(completion), ensure_ascii=False)


def to_dict(completion: Completion) -> dict[str, Any]:
    finish = completion.finish
    return {
        "id": completion.start.id,
        "model": completion.start.model,
        "created": completion.start.created,
        "text": completion.text,
        "reasoning": completion.reasoning or None,
        "tool_calls": [_tool_call(block) for block in completion.tool_calls],
        "finish_reason": finish.reason,
        "stop_sequence": finish.stop_sequence,
        "usage": _usage(finish),
        "timings": asdict(finish.timings),
        "warnings": [*completion.start.warnings, *finish.warnings],
    }


class JsonLines:
    """Writes each event as one line: its `type` (`block_delta`), and the fields of `mlxk.events`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def feed(self, event: Event) -> None:
        """Write it at once; raises the error that a `Failed` event carries, after its line."""
        self._out.write(json.dumps(event_dict(event), ensure_ascii=False) + "\n")
        self._out.flush()
        if isinstance(event, Failed):
            raise event.error


def event_dict(event: Event) -> dict[str, Any]:
    """An event as plain data."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    match event:
        case Failed(error):
            error_data = {"code": error.code, "message": error.message, "hint": error.hint}
            return {"type": kind, "error": error_data}
        case Finish():
            return {"type": kind, **asdict(event), "usage": _usage(event)}
        case _:
            data = {name: value for name, value in asdict(event).items() if name != "logprobs"}
            return {"type": kind, **data}


def _usage(finish: Finish) -> dict[str, int]:
    return {**asdict(finish.usage), "total_tokens": finish.usage.total_tokens}


def _tool_call(block: Block) -> dict[str, Any]:
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.text}}
