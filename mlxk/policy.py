"""`request_policy`: what a request may say over its profile, before anything is done with it.

A locked parameter is refused by name unless the request says what the profile says; a clamped one is brought
into its range, and the answer tells. What the policy does not name is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlxk.config.schema import (
    Bounds,
    ClampSection,
    CountBounds,
    Profile,
    RequestPolicySection,
    SamplingSection,
)
from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.requests import GenerationRequest, SamplingOverrides, Unsupported
from mlxk.text.reasoning import BUDGET, EFFORT, switched

_SYSTEM_ROLES = ("system", "developer")
_CLAMPED_SAMPLING = tuple(name for name in ClampSection.model_fields if name in SamplingSection.model_fields)


def admit(request: GenerationRequest, profile: Profile) -> tuple[GenerationRequest, tuple[str, ...]]:
    """The request as the policy lets it through, and a warning for each value that was clamped or left out.

    Raises `RequestError` with the name of a locked parameter as `param`, `UnsupportedParameter` for one that
    cannot be honoured.
    """
    policy = profile.request_policy
    if policy.locked:
        _refuse_locked(request, profile, policy)
    left_out = _left_out(request.unsupported, policy)
    admitted, clamped = _clamped(request, profile)
    admitted, lowered = _lowered(admitted, profile)
    return admitted, (*left_out, *clamped, *lowered)


def check_keep_alive(profile: Profile) -> None:
    """Whether a request may say how long the model stays in memory; raises `RequestError`."""
    if "keep_alive" in profile.request_policy.locked:
        raise _locked("keep_alive")


def _lowered(request: GenerationRequest, profile: Profile) -> tuple[GenerationRequest, tuple[str, ...]]:
    """The request with no more output tokens than the profile has, where the policy does not refuse it."""
    most, wanted = profile.tokens.max_output, request.max_tokens
    if (
        profile.request_policy.above_max_output == "refuse"
        or most is None
        or wanted is None
        or wanted <= most
    ):
        return request, ()
    told = f"max_tokens {wanted} was lowered to {most}, which is all that the profile allows"
    # Who sends a limit that is always large means "as many as there may be".
    return replace(request, max_tokens=most, fill_context=True), (told,)


def _left_out(said: Sequence[Unsupported], policy: RequestPolicySection) -> tuple[str, ...]:
    """A warning for each parameter that cannot be honoured, where the policy does not refuse it."""
    harmful = [item for item in said if not item.harmless]
    if harmful and policy.unsupported == "refuse":
        raise UnsupportedParameter(harmful[0].reason, param=harmful[0].param)
    return tuple(f"{item.param} is not applied: {item.reason.rstrip('.')}" for item in said)


def _refuse_locked(request: GenerationRequest, profile: Profile, policy: RequestPolicySection) -> None:
    said, configured = _said(request), _configured(profile)
    for name in policy.locked:
        if name in said and said[name] != configured.get(name):
            raise _locked(name)


def _locked(name: str) -> RequestError:
    return RequestError(
        f"'{name}' is locked by the profile's request_policy.",
        hint="Leave it out of the request.",
        param=name,
    )


def _said(request: GenerationRequest) -> Mapping[str, object]:
    """What the request says itself, by the names that a policy uses."""
    system = any(message.role in _SYSTEM_ROLES for message in request.messages)
    reasoning, own = request.reasoning, request.chat_template_kwargs
    found: dict[str, object] = {
        "max_tokens": "all" if request.fill_context and request.max_tokens is None else request.max_tokens,
        "context": request.context,
        "overflow": request.overflow,
        "max_reasoning": _agreed(reasoning.max_tokens, *_to_template(own, BUDGET)),
        "stop": None if request.stop is None else list(request.stop),
        "reasoning": _agreed(reasoning.enabled, *switched(own)),
        "reasoning_effort": _agreed(reasoning.effort, *_to_template(own, EFFORT)),
        "system": _system_text(request) if system else None,
        "tools": request.tools or None,
        "response_format": request.response_format,
        "logprobs": request.top_logprobs,
        "chat_template_kwargs": dict(own) or None,
    }
    return {**request.sampling, **{name: value for name, value in found.items() if value is not None}}


def _agreed(*said: object) -> object:
    """What a request says with a field and with variables of the chat template; all, where they differ."""
    own = [value for value in said if value is not None]
    return own if any(value != own[0] for value in own) else next(iter(own), None)


def _to_template(variables: Mapping[str, Any], name: str) -> Iterator[object]:
    """What a variable says, if it is there. `null` says something: it takes back what the profile says."""
    if name in variables:
        yield (name, None) if variables[name] is None else variables[name]


def _system_text(request: GenerationRequest) -> str:
    return "\n\n".join(message.content for message in request.messages if message.role in _SYSTEM_ROLES)


def _configured(profile: Profile) -> Mapping[str, object]:
    """What the profile says, by the same names; what it cannot say is missing."""
    sampling = profile.sampling.model_dump()
    return {
        **sampling,
        "logit_bias": tuple(sorted(profile.sampling.logit_bias.items())),
        "xtc_special_tokens": tuple(profile.sampling.xtc_special_tokens),
        "max_tokens": profile.tokens.max_output,
        "context": profile.tokens.context,
        "overflow": profile.tokens.overflow,
        "max_reasoning": profile.tokens.max_reasoning,
        "stop": profile.stop.sequences,
        "reasoning": profile.reasoning.enabled,
        "reasoning_effort": profile.reasoning.effort,
        "system": profile.system,
        "chat_template_kwargs": profile.chat_template_kwargs,
    }


def _clamped(request: GenerationRequest, profile: Profile) -> tuple[GenerationRequest, tuple[str, ...]]:
    warnings: list[str] = []
    clamp = profile.request_policy.clamp

    def into(name: str, value: float, bounds: Bounds | CountBounds) -> float:
        fitted = value
        if bounds.min is not None:
            fitted = max(fitted, bounds.min)
        if bounds.max is not None:
            fitted = min(fitted, bounds.max)
        if fitted != value:
            warnings.append(f"{name} {_number(value)} was clamped to {_number(fitted)}")
        return fitted

    sampling: SamplingOverrides = {**request.sampling}
    for name in _CLAMPED_SAMPLING:
        if name in sampling:
            sampling[name] = into(name, sampling[name], getattr(clamp, name))  # type: ignore[literal-required]
    limit, reasoning = request.max_tokens, request.reasoning
    if limit is not None:
        limit = int(into("max_tokens", limit, clamp.max_tokens))
    elif request.fill_context and (ceiling := _ceiling(profile)) is not None:
        limit = ceiling
        warnings.append(f"max_tokens was clamped to {limit}")
    if reasoning.max_tokens is not None:
        budget = into("max_reasoning", reasoning.max_tokens, clamp.max_reasoning)
        reasoning = replace(reasoning, max_tokens=int(budget))
    if not warnings:
        return request, ()
    return replace(request, sampling=sampling, max_tokens=limit, reasoning=reasoning), tuple(warnings)


def _ceiling(profile: Profile) -> int | None:
    """The range's end for output tokens, where it allows less than the profile does."""
    ceiling, most = profile.request_policy.clamp.max_tokens.max, profile.tokens.max_output
    return None if ceiling is None or (most is not None and most <= ceiling) else ceiling


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
