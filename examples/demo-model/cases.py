"""Single generations to check: what goes in, and what the generator says should come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from corpus import promised
from corpus.dialogue import Dialogue, Message
from corpus.mixture import MODES, Mode, draw, draw_mode
from corpus.phrasing import Phrasing
from rendering import messages_of, target

CATEGORIES = 15
"""Without the promised exchanges, which have no unseen phrasings and would flatter the table."""


@dataclass(frozen=True, slots=True)
class Case:
    """`messages` end before the reply; `expected` is the reply with its markers and its end."""

    category: str
    split: str
    mode: Mode
    messages: list[Message]
    tools: list[Any]
    prompt: str
    expected: str


def case_of(dialogue: Dialogue, mode: Mode, split: str, rng: Random) -> Case:
    """One reply of the dialogue: the last, or one before a tool's result."""
    messages = messages_of(dialogue, mode)
    replies = [i for i, turn in enumerate(messages) if turn["role"] == "assistant"]
    calls = [i for i in replies if "tool_calls" in messages[i]]
    index = rng.choice(calls) if calls and rng.random() < 0.5 else replies[-1]
    prompt, expected = target(messages[: index + 1], dialogue.tools, mode)
    return Case(dialogue.category, split, mode, messages[:index], dialogue.tools, prompt, expected)


def cases(seed: int, split: str, each: int, template: str | None = None, plain: bool = False) -> list[Case]:
    """`each` cases of every category, of one split and template, drawn as training draws."""
    rng, counts = Random(f"{seed} {split} {template}"), Counter[str]()
    phrasing = Phrasing(split, plain)
    out: list[Case] = []
    while len(out) < each * CATEGORIES:
        dialogue, mode = draw(phrasing, rng), draw_mode(rng)
        if dialogue.category == "promised" or template not in (None, mode.template):
            continue
        if counts[dialogue.category] >= each:
            continue
        counts[dialogue.category] += 1
        out.append(case_of(dialogue, mode, split, rng))
    return out


def promised_cases(seed: int, each: int) -> list[Case]:
    """`each` of the promised exchanges for every mode: template, thinking and effort."""
    rng, phrasing = Random(f"{seed} promised"), Phrasing(plain=True)
    return [case_of(promised.make(phrasing, rng), mode, "known", rng) for mode in MODES for _ in range(each)]
