"""`request_policy`: what requests may say, and within which bounds."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from mlxk.config.rules.problem import Problem, Rule
from mlxk.config.schema import Profile, SamplingSection


def _request_policy(profile: Profile) -> Iterator[Problem]:
    policy = profile.request_policy
    for name in type(policy.clamp).model_fields:
        bounds = getattr(policy.clamp, name)
        place = ("request_policy", "clamp", name)
        ends = {end: getattr(bounds, end) for end in ("min", "max") if getattr(bounds, end) is not None}
        if ends and name in policy.locked:
            locked = ("request_policy", "locked", policy.locked.index(name))
            yield Problem("E107", f"`{name}` is locked, so there is nothing to clamp", place, other=locked)
        if len(ends) == 2 and ends["min"] > ends["max"]:
            message = "`min` must not be greater than `max`"
            yield Problem("E107", message, (*place, "min"), other=(*place, "max"))
        for end, value in ends.items():
            if not _sendable(name, value):
                message = f"no request may say this {name}: `{end}` is out of its range"
                yield Problem("E105", message, (*place, end))


def _sendable(name: str, value: float) -> bool:
    """Whether a value that a request is brought to is one that it could have said itself."""
    if name not in SamplingSection.model_fields:
        return value >= (1 if name == "max_tokens" else 0)
    try:
        SamplingSection.model_validate({name: value})
    except ValidationError:
        return False
    return True


RULES: tuple[Rule, ...] = (_request_policy,)
