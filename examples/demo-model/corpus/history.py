"""Earlier exchanges that a dialogue may carry, so that questions also come late."""

from __future__ import annotations

from random import Random

from . import arithmetic, echo, facts, howto, smalltalk
from .dialogue import Dialogue, Message, Reply
from .phrasing import Phrasing

SOURCES = (facts, facts, howto, smalltalk, arithmetic, echo)


def small_exchange(phrasing: Phrasing, rng: Random) -> list[Message | Reply]:
    """One unrelated question with its answer."""
    return rng.choice(SOURCES).make(phrasing, rng).turns


def with_history(dialogue: Dialogue, phrasing: Phrasing, rng: Random) -> Dialogue:
    turns: list[Message | Reply] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        turns += small_exchange(phrasing, rng)
    return Dialogue(dialogue.category, turns + dialogue.turns, dialogue.system, dialogue.tools)
