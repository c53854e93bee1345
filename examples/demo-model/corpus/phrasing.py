"""How things are said: choosing among frames, holding some out, and roughening the surface.

A frame is a sentence with `{slots}`. About one frame in six of every set is held out by its hash:
training never sees it, so the "unseen" split measures new phrasings and not new typos. Frames that
tests and the README rely on (`PROMISED`) are never held out, and paraphrases are for training only.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

PREFIXES = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "hey, ",
    "hi! ",
    "hello, ",
    "please ",
    "so, ",
    "ok, ",
    "um, ",
    "quick question: ",
    "question: ",
    "I have a question: ",
    "one more thing: ",
    "hi there, ",
    "sorry, ",
    "well, ",
    "hey there! ",
    "excuse me, ",
    "now ",
    "and ",
)
SUFFIXES = ("", "", "", "", "", "", " please", ", please", " thanks", ", thank you", " :)")
CONTRACTIONS = (
    ("what is ", "what's "),
    ("What is ", "What's "),
    ("who is ", "who's "),
    ("what is ", "whats "),
    ("do not ", "don't "),
    ("I would ", "I'd "),
    ("I am ", "I'm "),
    ("how do I ", "how to "),
    ("How do I ", "How can I "),
    ("you are ", "you're "),
    ("where is ", "where's "),
)
KNOW = (
    "Tell me", "Do you know", "Can you tell me", "I want to know", "I wonder", "Could you tell me",
    "Please tell me", "I would like to know", "I need to know", "Any idea", "Please say",
)  # fmt: skip
DO = (
    "Can you", "Could you", "Please", "I want you to", "Would you", "I would like you to",
    "I need you to", "Will you", "Would you please", "You should", "Can you please", "Now",
)  # fmt: skip
HOW = (
    "How can I", "How would I", "Show me how to", "Tell me how to", "Explain how to", "How to",
    "What is the way to", "Can you tell me how to", "I want to know how to", "I want to", "Help me",
    "I need to", "I would like to", "What do I type to", "Is there a way to",
    "Please show me how to",
    "What should I do to", "Which command do I need to", "Can I", "Is it possible to",
    "What command lets me", "Teach me how to", "I do not know how to", "How might I",
    "How should I",
)  # fmt: skip
ORDERS = (
    "Name List Give Write Make Explain Describe Define Check Count Calculate Compute Search Find "
    "Look Use Call Run Recite Show Get Tell Solve Evaluate Work {verb} "
    "Define Introduce Repeat Google"
).split()
QUESTIONS = ("Which", "Who", "Why", "Where", "When", "What", "How")
SMALL_WORDS = set("the a an is are do does of to in I it me my".split())
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PROMISED = {"Hello", "Hello!"}
CHOICE = re.compile(r"\[([^\[\]]*)\]")
PLAIN = 0.5
"""How often a frame is said as it stands, or nearly: common wordings must be the commonest."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Chooses frames of one split: `known` for training, `unseen` for the held-out ones."""

    split: str = "known"
    plain: bool = False
    rough: float = 0.7

    def choose(self, frames: Sequence[str], rng: Random, extra: tuple[str, ...] = ()) -> str:
        """A frame of the split; training also draws from the patterns of `extra`."""
        held = [frame for frame in frames if is_held_out(frame, len(frames))]
        known = [frame for frame in frames if not is_held_out(frame, len(frames))]
        if self.split == "unseen" and held:
            return rng.choice(held)
        if extra and not self.plain and rng.random() < 0.45:
            frame = expand(rng.choice(extra), rng)
            if bare(frame) not in bare_set(tuple(held)):
                return frame
        return rng.choice(known or held)

    def say(
        self, frames: Sequence[str], rng: Random, plain: bool = False,
        extra: tuple[str, ...] = (), **slots: str,
    ) -> str:  # fmt: skip
        """A frame, roughened unless `plain`, and only then filled: slots are never misspelt."""
        frame = self.choose(frames, rng, extra)
        if self.plain:
            return fill(frame, slots)
        if plain or rng.random() < PLAIN:
            return fill(casual(frame, rng) if rng.random() < 0.35 else frame, slots)
        if rng.random() < 0.6:
            frame = recast(frame, rng)
        if rng.random() < self.rough:
            frame = roughen(frame, rng)
        return fill(frame, slots)


def expand(pattern: str, rng: Random) -> str:
    """One sentence of a pattern with `[a|b]` choices."""
    text = CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), pattern)
    text = " ".join(text.split())
    for mark in "?.,!":
        text = text.replace(f" {mark}", mark)
    return text


def bare(frame: str) -> str:
    """What of a frame is left without case and marks."""
    return "".join(char for char in frame.lower() if char.isalnum() or char in " {}")


@cache
def bare_set(frames: tuple[str, ...]) -> frozenset[str]:
    return frozenset(bare(frame) for frame in frames)


def casual(frame: str, rng: Random) -> str:
    """All in lower case, or without its last mark, or both."""
    shape = rng.randrange(3)
    frame = lower_frame(frame) if shape != 1 else frame
    return frame.rstrip("?.!") or frame if shape != 0 else frame


def is_held_out(frame: str, count: int) -> bool:
    return frame not in PROMISED and count >= 4 and zlib.crc32(frame.encode()) % 6 == 0


def fill(frame: str, slots: dict[str, str]) -> str:
    for name, value in slots.items():
        frame = frame.replace("{" + name + "}", value)
    return frame


def recast(frame: str, rng: Random) -> str:
    """The same request in another mould: "How do I X?" as "Show me how to X", and so on."""
    first, _, rest = frame.partition(" ")
    if not rest:
        return frame
    if rng.random() < 0.12:
        return telegram(frame)
    if frame.startswith("How do I "):
        return f"{rng.choice(HOW)} {frame.removeprefix('How do I ')}"
    if frame.startswith("What is ") and rng.random() < 0.6:
        opening = rng.choice((*KNOW, "Give me", "What would be", "I forgot: what is"))
        return f"{opening} {frame.removeprefix('What is ')}"
    if first in QUESTIONS:
        return f"{rng.choice(KNOW)} {lower_first(frame)}"
    if first in ORDERS:
        return f"{rng.choice(DO)} {lower_first(frame)}"
    return frame


def telegram(frame: str) -> str:
    """Keywords only, as people type into a search box."""
    kept = [word for word in frame.rstrip("?.!").split(" ") if word not in SMALL_WORDS]
    return " ".join(kept[1:] if len(kept) > 2 and kept[0] == "What" else kept)


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
    words[place] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + rng.choice(LETTERS) + word[at + 1 :],
        )
    )
    return " ".join(words)
