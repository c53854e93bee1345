"""`request_policy`: what a request may say over the profile."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mlxk.config.schema.section import Section, choices


class Bounds(Section):
    """The range that a request's value is brought into, both ends included."""

    min: float | None = Field(None, description="Raise lower values to this.", examples=[0.1])
    max: float | None = Field(None, description="Lower higher values to this.", examples=[1.0])


class CountBounds(Section):
    """The range that a request's whole number is brought into, both ends included."""

    min: int | None = Field(None, description="Raise lower values to this.", examples=[16])
    max: int | None = Field(None, description="Lower higher values to this.", examples=[1024])


def _clamp(bounds: type[Section], what: str, **example: float) -> Any:
    description = f"The range of a request's {what}."
    return Field(default_factory=bounds, description=description, examples=[example])


class ClampSection(Section):
    """Ranges for what a request may say; a value outside is brought to the nearer end, with a warning."""

    temperature: Bounds = _clamp(Bounds, "`temperature`", max=1.0)
    top_p: Bounds = _clamp(Bounds, "`top_p`", min=0.5)
    top_k: CountBounds = _clamp(CountBounds, "`top_k`", max=100)
    min_p: Bounds = _clamp(Bounds, "`min_p`", max=0.2)
    min_tokens_to_keep: CountBounds = _clamp(CountBounds, "`min_tokens_to_keep`", max=10)
    xtc_probability: Bounds = _clamp(Bounds, "`xtc_probability`", max=0.5)
    xtc_threshold: Bounds = _clamp(Bounds, "`xtc_threshold`", min=0.1)
    repetition_penalty: Bounds = _clamp(Bounds, "`repetition_penalty`", max=1.2)
    repetition_context: CountBounds = _clamp(CountBounds, "`repetition_context`", max=256)
    presence_penalty: Bounds = _clamp(Bounds, "`presence_penalty`", min=0.0, max=1.5)
    presence_context: CountBounds = _clamp(CountBounds, "`presence_context`", max=256)
    frequency_penalty: Bounds = _clamp(Bounds, "`frequency_penalty`", min=0.0, max=1.5)
    frequency_context: CountBounds = _clamp(CountBounds, "`frequency_context`", max=256)
    max_tokens: CountBounds = _clamp(
        CountBounds, "output tokens, under whichever name it sends them", max=1024
    )
    max_reasoning: CountBounds = _clamp(CountBounds, "reasoning budget, in tokens", max=2048)


# What a request can say over the profile.
RequestParameter = Literal[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "min_tokens_to_keep",
    "xtc_probability",
    "xtc_threshold",
    "xtc_special_tokens",
    "repetition_penalty",
    "repetition_context",
    "presence_penalty",
    "presence_context",
    "frequency_penalty",
    "frequency_context",
    "logit_bias",
    "seed",
    "max_tokens",
    "max_reasoning",
    "context",
    "overflow",
    "keep_alive",
    "stop",
    "reasoning",
    "reasoning_effort",
    "system",
    "tools",
    "response_format",
    "logprobs",
    "chat_template_kwargs",
]


class RequestPolicySection(Section):
    """What a request to `mlxk up` may say over the profile. What is not named here, it may."""

    locked: list[RequestParameter] = Field(
        default_factory=list,
        description="A request that says one of these is refused with status 400, by name, unless it says "
        "what the profile says.",
        examples=[["temperature"], ["temperature", "seed", "system"]],
    )
    clamp: ClampSection = Field(
        default_factory=ClampSection,
        description="Ranges for what a request may say; a value outside is brought to the nearer end, and "
        "the answer carries a warning.",
        examples=[{"max_tokens": {"max": 1024}, "temperature": {"max": 1.0}}],
    )
    above_max_output: Literal["lower", "refuse"] = Field(
        "lower",
        description="What to do with a request for more output tokens than `tokens.max_output`. Many clients "
        "always send a large limit.",
        examples=["refuse"],
        json_schema_extra=choices(
            {
                "lower": "Generate at most `tokens.max_output`, and tell so with the answer.",
                "refuse": "Answer with status 400.",
            }
        ),
    )
    unsupported: Literal["refuse", "warn"] = Field(
        "refuse",
        description="What to do with an option that has no equivalent here and that an answer can do "
        "without, such as `mirostat` or a `num_ctx` beyond the context window in Ollama's dialect, "
        "`verbosity` or `prediction` in OpenAI's. What an answer would be wrong without, such as images, is "
        "refused in every dialect.",
        examples=["warn"],
        json_schema_extra=choices(
            {
                "refuse": "Answer with status 400 and the parameter's name.",
                "warn": "Leave it out, and tell so with the answer.",
            }
        ),
    )
