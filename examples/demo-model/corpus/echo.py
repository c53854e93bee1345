"""Saying what the user says: the plainest training in copying."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, ask
from .phrasing import Phrasing
from .words import phrase

FRAMES = (
    "Say {p}", "Repeat after me: {p}", 'Say "{p}"', "Echo: {p}", "Repeat: {p}", "Please say: {p}",
    "Write {p}", 'Repeat "{p}"', "Say the words {p}", "Print {p}", 'Answer with "{p}"', "Echo {p}",
    "Just say {p}", 'Respond with "{p}"', "Say exactly this: {p}", "Repeat the words: {p}",
    "Type {p}", "Repeat this: {p}", 'Please repeat "{p}"', "Can you say {p}", "Reply with {p}",
    'Say only "{p}"', "Output: {p}", "Now say: {p}", 'Write the words "{p}"',
)  # fmt: skip


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    words = phrase(rng)
    if rng.random() < 0.2:
        words = words[0].upper() + words[1:] + rng.choice("!.?")
    text = phrasing.choose(FRAMES, rng).replace("{p}", words)
    if rng.random() < 0.3 and not phrasing.plain:
        text = text[0].lower() + text[1:]
    return ask("echo", text, "The user wants an echo.", "I copy the words.", words)
