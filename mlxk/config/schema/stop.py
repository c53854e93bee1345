"""`stop`: what ends an answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import Section, Text, choices


class StopSection(Section):
    """What ends an answer, besides the model's own end of turn."""

    tokens: list[Text] = Field(
        default_factory=list,
        description="Special tokens that end the answer, as the tokenizer spells them.",
        examples=[["<|im_end|>"], ["<|return|>", "<|call|>"]],
    )
    sequences: list[Text] = Field(
        default_factory=list,
        description='Text that ends the answer and is not shown. For a line break write "\\n" in double '
        "quotes.",
        examples=[["\n\n"], ["END"]],
    )
    scope: Literal["text", "all"] = Field(
        "text",
        description="Where `sequences` apply.",
        examples=["text"],
        json_schema_extra=choices(
            {"text": "In the visible answer only.", "all": "In the answer and in the reasoning."}
        ),
    )
