"""How things are said: choosing among frames, holding some out, and roughening the surface.

A frame is a sentence with `{slots}`. About one frame in six of every set is held out by its hash:
training never sees it, so the "unseen" split measures new phrasings and not new typos.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

PREFIXES = (
    "", "", "", "", "", "", "", "", "hey, ", "hi! ", "hello, ", "please ", "so, ", "ok, ", "um, ",
    "quick question: ", "question: ", "I have a question: ", "one more thing: ", "hi there, ",
    "sorry, ", "well, ", "hey there! ", "excuse me, ", "now ", "and ",
)
SUFFIXES = ("", "", "", "", "", "", " please", ", please", " thanks", ", thank you", " :)")
CONTRACTIONS = (
    ("what is ", "what's "), ("What is ", "What's "), ("who is ", "who's "), ("what is ", "whats "),
    ("do not ", "don't "), ("I would ", "I'd "), ("I am ", "I'm "), ("how do I ", "how to "),
    ("How do I ", "How can I "), ("you are ", "you're "), ("where is ", "where's "),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Chooses frames of one split: `known` for training, `unseen` for the held-out ones."""

    split: str = "known"
    rough: float = 0.6

    def choose(self, frames: Sequence[str], rng: Random) -> str:
        held = [frame for frame in frames if is_held_out(frame, len(frames))]
        known = [frame for frame in frames if not is_held_out(frame, len(frames))]
        return rng.choice(held if self.split == "unseen" and held else known or held)

    def say(self, frames: Sequence[str], rng: Random, plain: bool = False, **slots: str) -> str:
        """A frame, roughened unless `plain`, and only then filled: slots are never misspelt."""
        frame = self.choose(frames, rng)
        if not plain and rng.random() < self.rough:
            frame = roughen(frame, rng)
        return fill(frame, slots)


def is_held_out(frame: str, count: int) -> bool:
    return count >= 4 and zlib.crc32(frame.encode()) % 6 == 0


def fill(frame: str, slots: dict[str, str]) -> str:
    for name, value in slots.items():
        frame = frame.replace("{" + name + "}", value)
    return frame


def roughen(frame: str, rng: Random) -> str:
    """Prefixes, endings, contractions, casing and the odd typo, leaving `{slots}` alone."""
    for long, short in CONTRACTIONS:
        if long in frame and rng.random() < 0.35:
            frame = frame.replace(long, short)
    if rng.random() < 0.12:
        frame = typo(frame, rng)
    prefix = rng.choice(PREFIXES)
    if prefix:
        frame = prefix + lower_first(frame)
    elif rng.random() < 0.4:
        frame = lower_first(frame)
    if rng.random() < 0.35:
        body, end = (frame[:-1], frame[-1]) if frame[-1] in "?.!" else (frame, "")
        frame = body + rng.choice(SUFFIXES) + rng.choice(("", "", end, end, end * 2))
    if rng.random() < 0.15:
        frame = lower_frame(frame)
    return frame[0].upper() + frame[1:] if rng.random() < 0.3 and frame[0] != "{" else frame


def lower_first(text: str) -> str:
    keep = text[:2] in ("I ", "I'") or text[:1] == "{"
    return text if keep else text[:1].lower() + text[1:]


def lower_frame(frame: str) -> str:
    return "".join(
        part if part.startswith("{") else part.lower()
        for part in frame.replace("{", "\0{").replace("}", "}\0").split("\0")
    )


def typo(frame: str, rng: Random) -> str:
    """Drop, double, swap or change one letter of one word of four letters or more."""
    words = frame.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return frame
    place = rng.choice(long)
    word, at = words[place], rng.randrange(1, len(words[place]) - 1)
    words[place] = rng.choice((
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + rng.choice(LETTERS) + word[at + 1 :],
    ))
    return " ".join(words)
