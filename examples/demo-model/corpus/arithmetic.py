"""Sums as far as they are reliable: up to 20 + 20, 20 - 20 and 10 x 10. Beyond that, it says so."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, ask
from .phrasing import Phrasing

FRAMES = (
    "What is {e}?", "{e}", "{e}?", "{e} =", "How much is {e}?", "Calculate {e}.", "Compute {e}.",
    "What does {e} make?", "Tell me {e}.", "Solve {e}.", "What is the result of {e}?",
    "{e} is what?",
    "Can you calculate {e}?", "Do you know what {e} is?", "Give me the result of {e}.",
    "What do you get for {e}?", "Work out {e}.", "What does {e} equal?",
)  # fmt: skip
SPOKEN = {"+": ("plus", "and"), "-": ("minus",), "*": ("times", "multiplied by")}
TOO_LARGE = "That is too large for me. Give me a calculator tool, or use a larger model."


def spell(a: int, sign: str, b: int, rng: Random) -> str:
    """The expression as a user may write it."""
    draw = rng.random()
    if draw < 0.5:
        return f"{a} {sign} {b}"
    if draw < 0.7:
        return f"{a}{sign}{b}"
    if sign == "*" and draw < 0.85:
        return f"{a} x {b}"
    return f"{a} {rng.choice(SPOKEN[sign][:1] if sign == '+' else SPOKEN[sign])} {b}"


def small_sum(rng: Random) -> tuple[int, str, int, int]:
    sign = rng.choice("+-*")
    if sign == "*":
        a, b = rng.randint(0, 10), rng.randint(0, 10)
        return a, sign, b, a * b
    top = rng.choice((10, 20))
    a, b = rng.randint(0, top), rng.randint(0, top)
    if sign == "+":
        return a, sign, b, a + b
    a, b = max(a, b), min(a, b)
    return a, sign, b, a - b


def large_sum(rng: Random) -> tuple[int, str, int]:
    a, b = rng.randint(21, 9999), rng.randint(11, 9999)
    return (a, rng.choice("+-*"), b) if rng.random() < 0.6 else (rng.randint(21, 99), "*", b)


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    if rng.random() < 0.2:
        a, sign, b = large_sum(rng)
        text = phrasing.say(FRAMES, rng, e=spell(a, sign, b, rng))
        return ask("arithmetic", text, f"The sum {a} {sign} {b}.", "It is too large.", TOO_LARGE)
    a, sign, b, result = small_sum(rng)
    text = phrasing.say(FRAMES, rng, e=spell(a, sign, b, rng))
    answer = f"{a} {sign} {b} = {result}"
    return ask("arithmetic", text, f"The sum {a} {sign} {b}.", "It is small.", answer)
