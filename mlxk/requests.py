"""What generation is asked: the one vocabulary that every dialect and command is parsed into.

Absent means absent: an optional field that is `None`, or a key that a `SamplingOverrides` lacks, was not
said by the caller, and the profile decides. `0`, `false` and an empty list are values like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Role = Literal["system", "developer", "user", "assistant", "tool"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the assistant made in an earlier turn. `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `reasoning` and `tool_calls` belong to assistants; `tool_call_id` and `name` to tools."""

    role: Role
    content: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class NamedToolChoice:
    """The model must call this function."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedToolChoice


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How a token is drawn. The defaults change nothing: greedy, no penalties.

    `min_tokens_to_keep` tokens survive `min_p`; `xtc_special_tokens` are ids that XTC never excludes.
    Penalties look back over their own `*_context` tokens. `logit_bias` maps token ids to values added to
    logits. `seed` of `None` means a fresh seed for each generation.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    min_tokens_to_keep: int = 1
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    xtc_special_tokens: tuple[int, ...] = ()
    repetition_penalty: float = 1.0
    repetition_context: int = 64
    presence_penalty: float = 0.0
    presence_context: int = 64
    frequency_penalty: float = 0.0
    frequency_context: int = 64
    logit_bias: tuple[tuple[int, float], ...] = ()
    seed: int | None = None


class SamplingOverrides(TypedDict, total=False):
    """The fields of `SamplingParams` that a caller said; see `dataclasses.replace`."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    min_tokens_to_keep: int
    xtc_probability: float
    xtc_threshold: float
    xtc_special_tokens: tuple[int, ...]
    repetition_penalty: float
    repetition_context: int
    presence_penalty: float
    presence_context: int
    frequency_penalty: float
    frequency_context: int
    logit_bias: tuple[tuple[int, float], ...]
    seed: int | None


@dataclass(frozen=True, slots=True)
class ReasoningOptions:
    """What the caller says about thinking. `max_tokens` is the reasoning budget, in tokens."""

    enabled: bool | None = None
    effort: ReasoningEffort | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningBudget:
    """A budget in one model's own tokens: after `limit` of them, `end` is fed as if the model wrote it.

    `opened` says that the prompt already began the reasoning block; otherwise it begins with `start`.
    """

    limit: int
    start: tuple[int, ...]
    end: tuple[int, ...]
    opened: bool


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The answer must be one JSON object."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The answer must be JSON valid under `schema`."""

    schema: Mapping[str, Any]
    name: str = "response"
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """The whole answer must match `pattern`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Grammar:
    """The answer must match a Lark grammar, in llguidance's dialect."""

    lark: str


ResponseFormat = JsonObject | JsonSchema | Regex | Grammar
Overflow = Literal["error", "truncate_oldest"]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A parameter that was sent and cannot be honoured; the policy refuses it, or warns of it.

    A `harmless` one changes no answer, and is only warned of.
    """

    param: str
    reason: str
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One generation. Exactly one of `messages` and `prompt` is set; `prompt` is raw text or token ids.

    `model` is the name the caller used, empty for the profile's only one. `top_logprobs` of `None` means
    that no log-probabilities are wanted, 0 those of the sampled tokens alone. `continue_final` makes the
    model carry on the last assistant message instead of starting a turn; without `add_generation_prompt`
    the prompt ends with the last message. `suffix` is what follows the text that the model is to fill in
    after `prompt`. `context` is a window of fewer tokens than the profile's; `fill_context` asks for all of
    it where `max_tokens` is not said, and for no more where it is. `overflow` replaces the profile's.
    `choice` is its place among several answers to one prompt: each draws with the next seed, if there is one.
    """

    messages: tuple[Message, ...] = ()
    prompt: str | tuple[int, ...] | None = None
    model: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions = field(default_factory=ReasoningOptions)
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    top_logprobs: int | None = None
    continue_final: bool = False
    add_generation_prompt: bool = True
    suffix: str | None = None
    context: int | None = None
    fill_context: bool = False
    overflow: Overflow | None = None
    unsupported: tuple[Unsupported, ...] = ()
    choice: int = 0
