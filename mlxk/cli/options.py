"""Options that several commands share, and the profile keys that they set.

A flag is the last layer over a profile: it becomes a value with the flag as its origin, is checked by the
same schema, and is reported in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter, Token

from mlxk.cli.attachments import read_text
from mlxk.cli.names import ProfileFlag, VariantFlag
from mlxk.config import Flag
from mlxk.errors import UsageError

_GENERATION = Group.create_ordered("Generation")
_PROFILE = Group.create_ordered("Profile")

# The profile key that each generation option sets.
PROFILE_KEYS = {
    "system": "system",
    "temperature": "sampling.temperature",
    "top_p": "sampling.top_p",
    "top_k": "sampling.top_k",
    "min_p": "sampling.min_p",
    "min_tokens_to_keep": "sampling.min_tokens_to_keep",
    "xtc_probability": "sampling.xtc_probability",
    "xtc_threshold": "sampling.xtc_threshold",
    "xtc_special_tokens": "sampling.xtc_special_tokens",
    "repetition_penalty": "sampling.repetition_penalty",
    "repetition_context": "sampling.repetition_context",
    "presence_penalty": "sampling.presence_penalty",
    "presence_context": "sampling.presence_context",
    "frequency_penalty": "sampling.frequency_penalty",
    "frequency_context": "sampling.frequency_context",
    "seed": "sampling.seed",
    "max_tokens": "tokens.max_output",
    "context": "tokens.context",
    "overflow": "tokens.overflow",
    "stop": "stop.sequences",
    "think": "reasoning.enabled",
    "reasoning_effort": "reasoning.effort",
    "max_reasoning": "tokens.max_reasoning",
    "schema": "output.json_schema",
}


@Parameter(name="*", group=_PROFILE)
@dataclass(frozen=True, kw_only=True)
class ProfileOptions:
    """Which profile, and what stands over it."""

    profile: ProfileFlag = None
    """A profile's name (see `mlxk profiles`) or its file."""

    variant: VariantFlag = None
    """One of the profile's variants."""

    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = ()
    """Set one value over the profile, such as sampling.top_p=0.9. May be given again."""

    isolated: Annotated[bool, Parameter(negative="")] = False
    """Use the profile alone: no mlxk.yaml, no user file."""

    locked: Annotated[bool, Parameter(negative="")] = False
    """Refuse a model whose files differ from mlxk.lock; see `mlxk lock`."""

    offline: Annotated[bool, Parameter(negative="")] = False
    """Let nothing ask the Hugging Face Hub, trusted code of a model included, as HF_HUB_OFFLINE=1 does."""


def _file_text(_: object, tokens: Sequence[Token]) -> str:
    """The text of the file that an option names."""
    return read_text(tokens[0].value)


@Parameter(name="*", group=_GENERATION)
@dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """How to generate; each stands over the profile's value."""

    system: str | None = None
    """System prompt."""

    max_tokens: int | None = None
    """Most tokens to generate, reasoning included."""

    temperature: float | None = None
    """0 always takes the likeliest token."""

    top_p: float | None = None
    """Sample from the likeliest tokens that together have this probability."""

    top_k: int | None = None
    """Sample from this many of the likeliest tokens; 0 for all."""

    min_p: float | None = None
    """Leave out tokens less likely than this part of the likeliest one."""

    min_tokens_to_keep: int | None = None
    """How many of the likeliest tokens --min-p leaves in any case."""

    xtc_probability: float | None = None
    """How often to exclude the top choices."""

    xtc_threshold: float | None = None
    """How likely a top choice must be to be excluded."""

    xtc_special_tokens: Annotated[tuple[int, ...] | None, Parameter(negative="")] = None
    """The id of a token that is never excluded. May be given again."""

    repetition_penalty: float | None = None
    """Above 1 makes recent tokens less likely."""

    repetition_context: int | None = None
    """How many recent tokens the repetition penalty looks at."""

    presence_penalty: float | None = None
    """Lower every recent token by this."""

    presence_context: int | None = None
    """How many recent tokens the presence penalty looks at."""

    frequency_penalty: float | None = None
    """Lower every recent token by this, each time it occurred."""

    frequency_context: int | None = None
    """How many recent tokens the frequency penalty looks at."""

    logit_bias: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Add to the logit of one token: TOKEN_ID=VALUE, such as 50256=-100. May be given again."""

    seed: int | None = None
    """The same seed gives the same answer."""

    context: int | None = None
    """Use this much of the model's context window, in tokens."""

    overflow: Literal["error", "truncate_oldest"] | None = None
    """What to do with a conversation that does not fit the window."""

    stop: Annotated[tuple[str, ...] | None, Parameter(negative="")] = None
    """Stop before this text. May be given again."""

    think: bool | None = None
    """Let a reasoning model think, or not."""

    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    """How hard to think, where the model knows effort levels."""

    max_reasoning: int | None = None
    """End the thinking after this many tokens."""

    reasoning_start: str | None = None
    """What the model writes before its reasoning, such as <think>. Needs --reasoning-end."""

    reasoning_end: str | None = None
    """What the model writes behind its reasoning, such as </think>. Needs --reasoning-start."""

    schema: Annotated[str | None, Parameter(converter=_file_text)] = None
    """Answer in JSON under the schema in this file."""

    def flags(self) -> dict[str, Flag]:
        """Those that were given, by profile key. Raises `UsageError` for half a pair of markers."""
        given = {name: getattr(self, name) for name in PROFILE_KEYS}
        flags = {
            PROFILE_KEYS[name]: Flag(list(value) if isinstance(value, tuple) else value, _flag_name(name))
            for name, value in given.items()
            if value is not None
        }
        return flags | self._biases() | self._markers()

    def _biases(self) -> dict[str, Flag]:
        biases: dict[str, float] = {}
        for text in self.logit_bias:
            token, _, value = text.partition("=")
            try:
                biases[str(int(token))] = float(value)
            except ValueError:
                hint = "write TOKEN_ID=VALUE, such as 50256=-100"
                raise UsageError(f"--logit-bias {text} is no bias of a token", hint=hint) from None
        return {"sampling.logit_bias": Flag(biases, "--logit-bias")} if biases else {}

    def _markers(self) -> dict[str, Flag]:
        start, end = self.reasoning_start, self.reasoning_end
        if start is None and end is None:
            return {}
        if start is None or end is None:
            missing = "--reasoning-start" if start is None else "--reasoning-end"
            raise UsageError(
                f"{missing} is missing", hint="markers come in pairs: --reasoning-start and --reasoning-end"
            )
        markers = [{"start": start, "end": end, "as": "reasoning"}]
        # They stand instead of a preset that the profile names.
        return {
            "reasoning.markers": Flag(markers, "--reasoning-start"),
            "reasoning.format": Flag(None, "--reasoning-start"),
        }


def _flag_name(field: str) -> str:
    return "--" + field.replace("_", "-")
