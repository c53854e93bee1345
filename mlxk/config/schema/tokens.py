"""`tokens`: the context window and the budgets within it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import TAKES_EFFECT, Section, choices


class ContextShare(Section):
    """The part of the context window that one request may use for its answer when it names no limit."""

    run: float = Field(1.0, gt=0, le=1, description="In `mlxk run` and `mlxk chat`.", examples=[1.0])
    server: float = Field(
        0.5,
        gt=0,
        le=1,
        description="In `mlxk up`, where one request must not occupy the machine for a whole context.",
        examples=[0.5, 0.25],
    )


class TokensSection(Section):
    """Budgets, in tokens."""

    context: int | None = Field(
        None,
        gt=0,
        description="The context window to use: prompt and answer together. Without it, all of the model's.",
        examples=[8192, 32768],
        json_schema_extra={TAKES_EFFECT: "reload"},
    )
    max_output: int | None = Field(
        None,
        gt=0,
        description="The most that one answer may have, reasoning included. Without it, see `share`.",
        examples=[1024, 4096],
    )
    max_reasoning: int | None = Field(
        None,
        ge=0,
        description="After this much reasoning the model is made to answer. Less than `max_output`.",
        examples=[2048],
    )
    share: ContextShare = Field(
        default_factory=ContextShare,
        description="The part of the window that an answer may use when nothing names a limit.",
        examples=[{"run": 1.0, "server": 0.5}],
    )
    overflow: Literal["error", "truncate_oldest"] = Field(
        "error",
        description="What to do when the conversation does not fit the window.",
        examples=["truncate_oldest"],
        json_schema_extra=choices(
            {
                "error": "Refuse the request and say by how much it is too long.",
                "truncate_oldest": "Leave out the oldest turns; the system prompt stays.",
            }
        ),
    )
