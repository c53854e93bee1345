"""`log`: what `mlxk up` tells about its requests, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import Section, choices


class LogSection(Section):
    """What `mlxk up` writes to stderr."""

    format: Literal["text", "json"] = Field(
        "text",
        description="How a line looks.",
        examples=["json"],
        json_schema_extra=choices(
            {"text": "For people.", "json": "One JSON object per line, with a request's figures as fields."}
        ),
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="What is worth a line.",
        examples=["warning"],
        json_schema_extra=choices(
            {
                "debug": "Everything, also what the libraries say.",
                "info": "Each request when it is over, and models that come and go.",
                "warning": "What went wrong on the server's side, and what was set aside.",
                "error": "What needs a person.",
            }
        ),
    )
    content: bool = Field(
        False,
        description="Also write what was asked and answered. It is often private: think twice.",
        examples=[True],
    )
