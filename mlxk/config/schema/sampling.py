"""`sampling`: how each token is drawn."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mlxk.config.schema.section import Section


class SamplingSection(Section):
    """How each token is drawn."""

    temperature: float = Field(
        0.7,
        ge=0,
        le=5,
        description="0 always takes the likeliest token; higher values take more chances.",
        examples=[0, 0.7, 1.0],
    )
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Draw from the likeliest tokens that together have this probability; 1 for all.",
        examples=[0.9, 0.95],
    )
    top_k: int = Field(
        0, ge=0, description="Draw from this many of the likeliest tokens; 0 for all.", examples=[20, 40]
    )
    min_p: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Leave out tokens whose probability is below this part of the likeliest token's.",
        examples=[0.05],
    )
    min_tokens_to_keep: int = Field(
        1, ge=1, description="How many of the likeliest tokens `min_p` leaves in any case.", examples=[1, 5]
    )
    xtc_probability: float = Field(
        0.0,
        ge=0,
        le=1,
        description="How often to exclude the top choices (XTC), for less predictable text; 0 for never.",
        examples=[0.5],
    )
    xtc_threshold: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="How likely a token must be for XTC to exclude it.",
        examples=[0.1],
    )
    xtc_special_tokens: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        default_factory=list,
        description="Tokens, by id, that XTC never excludes, besides those that end an answer; line breaks "
        "are a common choice.",
        examples=[[198, 271]],
    )
    repetition_penalty: float = Field(
        1.0,
        gt=0,
        description="Divides the likelihood of recent tokens; 1 for none, above 1 against loops.",
        examples=[1.05, 1.1],
    )
    repetition_context: int = Field(
        64, ge=0, description="How many recent tokens `repetition_penalty` looks at.", examples=[64, 256]
    )
    presence_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken once from the logit of each token that occurred recently.",
        examples=[0.5, 1.5],
    )
    presence_context: int = Field(
        64, ge=0, description="How many recent tokens `presence_penalty` looks at.", examples=[64, 256]
    )
    frequency_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken from the logit of a token as often as it occurred recently.",
        examples=[0.2],
    )
    frequency_context: int = Field(
        64, ge=0, description="How many recent tokens `frequency_penalty` looks at.", examples=[64, 256]
    )
    logit_bias: dict[Annotated[int, Field(strict=False, ge=0, lt=2**31)], float] = Field(
        default_factory=dict,
        description="Added to the logits of single tokens, by token id; -100 forbids a token.",
        examples=[{"50256": -100}],
    )
    seed: int | None = Field(
        None,
        ge=0,
        lt=2**64,
        description="The same seed, prompt and settings give the same answer. Without it, a fresh one each "
        "time.",
        examples=[42],
    )
