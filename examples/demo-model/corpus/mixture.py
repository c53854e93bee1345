"""Which dialogues the model sees, how often, and in which clothes (template, effort, system)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from . import (
    arithmetic,
    echo,
    facts,
    howto,
    lists,
    memory,
    promised,
    refusals,
    smalltalk,
    stories,
    structured,
    systems,
    tools,
)
from .dialogue import Dialogue
from .history import with_history
from .phrasing import Phrasing

WEIGHTS = {
    tools: 25, memory: 8, echo: 5, systems: 10, facts: 16, howto: 13, refusals: 12, smalltalk: 10,
    structured: 4, arithmetic: 7, lists: 6, stories: 1.5, promised: 8,
}  # fmt: skip
"""Copying from the prompt (tools, memory, echo, systems) is learned last, so it gets most."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A template and how much it thinks: ChatML's on/off, harmony's reasoning effort."""

    template: str
    thinking: bool | str

    @property
    def options(self) -> dict[str, bool | str]:
        """What the template takes, besides messages and tools."""
        key = "enable_thinking" if self.template == "chatml" else "reasoning_effort"
        return {key: self.thinking}


MODES = {
    Mode("chatml", True): 28, Mode("chatml", False): 27,
    Mode("harmony", "low"): 12, Mode("harmony", "medium"): 23, Mode("harmony", "high"): 10,
}  # fmt: skip


def draw(phrasing: Phrasing, rng: Random) -> Dialogue:
    source = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    dialogue: Dialogue = source.make(phrasing, rng)
    if source not in (tools, memory, stories, systems, promised) and rng.random() < 0.2:
        dialogue = with_history(dialogue, phrasing, rng)
    if not dialogue.system and rng.random() < 0.3:
        dialogue = Dialogue(dialogue.category, dialogue.turns, rng.choice(systems.GENERIC), dialogue.tools)
    return dialogue


def draw_mode(rng: Random) -> Mode:
    return rng.choices(list(MODES), list(MODES.values()))[0]
