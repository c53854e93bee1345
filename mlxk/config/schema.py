"""The profile language's shape, version 1: what a resolved profile is.

These models see plain values only, after layers were merged, `key+:` applied and `${…}` interpolated.
Each key here works end to end; a key that does nothing does not exist. Names are final.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A mapping in a profile: unknown keys are errors, values never change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelSection(Section):
    """Which model. A plain string is short for `repo` (a reference) or `path` (starts with ./, / or ~)."""

    repo: str | None = None
    path: str | None = None
    revision: str | None = None
    chat_template: str | None = None


class SamplingSection(Section):
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    xtc_probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    xtc_threshold: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0
    repetition_context: Annotated[int, Field(ge=0)] = 64
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    presence_context: Annotated[int, Field(ge=0)] = 64
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    frequency_context: Annotated[int, Field(ge=0)] = 64
    logit_bias: dict[int, float] = Field(default_factory=dict)
    seed: int | None = None


class ContextShare(Section):
    """The part of the context window that one request may use for its answer when it names no limit."""

    run: Annotated[float, Field(gt=0, le=1)] = 1.0
    server: Annotated[float, Field(gt=0, le=1)] = 0.5


class TokensSection(Section):
    context: Annotated[int, Field(gt=0)] | None = None
    max_output: Annotated[int, Field(gt=0)] | None = None
    max_reasoning: Annotated[int, Field(ge=0)] | None = None
    share: ContextShare = Field(default_factory=ContextShare)
    overflow: Literal["error", "truncate_oldest"] = "error"


class StopSection(Section):
    tokens: list[str] = Field(default_factory=list)
    sequences: list[str] = Field(default_factory=list)
    scope: Literal["text", "all"] = "text"


class Marker(Section):
    """Text between `start` and `end` is a block of kind `as`."""

    start: str
    end: str
    kind: Annotated[Literal["reasoning", "text"], Field(alias="as")] = "reasoning"


class ReasoningSection(Section):
    enabled: bool | None = None
    format: str | None = None
    markers: list[Marker] | None = None
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    expose: Literal["reasoning", "reasoning_content", "both", "inline", "drop"] = "both"


RouteHandler = Literal["openai.chat", "openai.completions", "openai.models", "health"]


class ServerSection(Section):
    listen: str = "127.0.0.1:8080"
    routes: dict[str, RouteHandler | Literal[False]] = Field(default_factory=dict)


def _model_shorthand(value: Any) -> Any:
    if isinstance(value, str):
        is_path = value.startswith(("./", "../", "/", "~"))
        return {"path" if is_path else "repo": value}
    return value


class Profile(Section):
    """A resolved profile."""

    mlxk: Literal[1] = 1
    description: str | None = None
    model: Annotated[ModelSection, BeforeValidator(_model_shorthand)]
    system: str | None = None
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    sampling: SamplingSection = Field(default_factory=SamplingSection)
    tokens: TokensSection = Field(default_factory=TokensSection)
    stop: StopSection = Field(default_factory=StopSection)
    reasoning: ReasoningSection = Field(default_factory=ReasoningSection)
    server: ServerSection = Field(default_factory=ServerSection)
