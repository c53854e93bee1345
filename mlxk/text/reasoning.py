"""How a wish about thinking becomes variables of a chat template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.config.schema import ReasoningSection
from mlxk.requests import ReasoningOptions
from mlxk.text.template import ChatTemplate

# The variable that says how hard to think.
EFFORT = "reasoning_effort"
# The variable for how many tokens to think.
BUDGET = "thinking_budget"
# The variables that switch thinking, and what they are set to for on and off.
_SWITCHES = {
    "enable_thinking": (True, False),
    "thinking": (True, False),
    "enable_reasoning": (True, False),
    "thinking_mode": ("enabled", "disabled"),
}
# Levels of effort at which templates that have no switch write an empty thought.
_OFF = ("no_think", "none", "minimal", "low")
# gpt-oss was trained on three levels; the others are the nearest of them.
_HARMONY_LEVELS = {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}


def switched(variables: Mapping[str, Any]) -> Iterator[object]:
    """What each switch among a template's variables says: on, off, or, where it is neither, itself.

    Templates take other values each in its own way: what is no `False` to one is empty to the next.
    """
    for name, (on, off) in _SWITCHES.items():
        if name in variables:
            value = variables[name]
            known = type(value) is type(on) and value in (on, off)
            yield value == on if known else (name, value)


@dataclass(frozen=True, slots=True)
class ReasoningVariables:
    """`effort` is the level that was asked for and that holds."""

    values: dict[str, Any]
    effort: str | None
    warnings: tuple[str, ...]


def reasoning_variables(
    options: ReasoningOptions,
    section: ReasoningSection,
    template: ChatTemplate,
    grammar: str,
    *,
    thinks: bool,
) -> ReasoningVariables:
    """Request before profile. What the template has no variable for is told, not lost in silence."""
    known = template.variables
    effort = options.effort if options.effort is not None else section.effort
    enabled = options.enabled if options.enabled is not None else section.enabled
    switch = next((name for name in _SWITCHES if name in known), None)
    values: dict[str, Any] = {}
    warnings: list[str] = []
    if effort is not None and EFFORT in known:
        level = _HARMONY_LEVELS.get(effort, effort) if grammar == "harmony" else effort
        values[EFFORT] = level
        if level != effort:
            warnings.append(f"this model knows no reasoning effort {effort!r}; it is asked for {level!r}")
    elif effort == "none":
        enabled = False if enabled is None else enabled
    elif effort is not None:
        warnings.append("this model's chat template has no reasoning effort; it is not applied")
    if BUDGET in known and (options.max_tokens is not None or enabled is False):
        values[BUDGET] = 0 if enabled is False else options.max_tokens
    if enabled is not None and switch is not None:
        on, off = _SWITCHES[switch]
        values[switch] = on if enabled else off
    elif enabled is not None and (instead := _level(enabled, effort, template, grammar)) is not None:
        values[EFFORT] = instead
    elif enabled is not None and enabled is not thinks and BUDGET not in values:
        state = (
            "on: this model has no reasoning" if enabled else "off: its chat template has no switch for it"
        )
        warnings.append(f"thinking cannot be switched {state}")
    held = "none" if effort == "none" and not warnings else None
    return ReasoningVariables(values, values.get(EFFORT, held), tuple(warnings))


def _level(enabled: bool, effort: str | None, template: ChatTemplate, grammar: str) -> str | None:
    """The level of effort that switches thinking, for templates that have levels and no switch."""
    if EFFORT not in template.variables or grammar == "harmony":
        return None
    levels = template.literals.split("\0")
    if not enabled:
        return next((level for level in _OFF if level in levels), None)
    return "high" if effort is None and "no_think" in levels else None
