"""What a request may say, as the engine enforces it: the wish joined with the model's own formats."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import assert_never

from mlxk.engine.base import (
    Constraint,
    FramedConstraint,
    JsonSchemaConstraint,
    LarkConstraint,
    RegexConstraint,
)
from mlxk.requests import (
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    ReasoningBudget,
    Regex,
    ResponseFormat,
)
from mlxk.text import Prompt, TextModel
from mlxk.text.constraints import ANSWER, OutputFrame, output_frame


@dataclass(frozen=True, slots=True)
class Constrained:
    """A constraint, and the reasoning budget that stays within it."""

    constraint: FramedConstraint | None
    budget: ReasoningBudget | None


def constrain(
    text: TextModel, prompt: Prompt, request: GenerationRequest, budget: ReasoningBudget | None
) -> Constrained:
    """Raises `UnsupportedParameter` where this model's output cannot be constrained as asked."""
    frame = output_frame(text, prompt, request)
    if frame is None:
        return Constrained(None, budget)
    if budget is not None and frame.reasoning_end is not None:
        budget = replace(budget, end=text.encode(frame.reasoning_end))
    return Constrained(FramedConstraint(frame.lark, _parts(frame, request)), budget)


def _parts(frame: OutputFrame, request: GenerationRequest) -> dict[str, Constraint]:
    parts: dict[str, Constraint] = {
        rule: JsonSchemaConstraint(json.dumps(dict(part.schema)), part.param)
        for rule, part in frame.rules.items()
    }
    if frame.has_answer and request.response_format is not None:
        parts[ANSWER] = _answer(request.response_format)
    return parts


def _answer(wanted: ResponseFormat) -> Constraint:
    match wanted:
        case JsonObject():
            return JsonSchemaConstraint('{"type": "object"}')
        case JsonSchema():
            return JsonSchemaConstraint(json.dumps(dict(wanted.schema)))
        case Regex():
            return RegexConstraint(wanted.pattern)
        case Grammar():
            return LarkConstraint(wanted.lark)
        case _:
            assert_never(wanted)
