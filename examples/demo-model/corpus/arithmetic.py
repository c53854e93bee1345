"""Sums of two digits, which can be learned by heart; of all other arithmetic it says that it cannot."""

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
OTHER = (
    "What is the square root of {m}?", "What is {m} percent of {n}?", "Divide {m} by {n}.",
    "What is half of {m}?", "Multiply {m} by {n}.", "Subtract {n} from {m}.", "Add {m} and {n}.",
    "What is {m} squared?", "Double {m}.", "What is {m} to the power of {n}?", "Can you do math?",
    "Can you calculate?", "Is {m} larger than {n}?", "Are you good at math?", "Do a calculation.",
)  # fmt: skip
SPOKEN = {
    "+": ("plus",), "-": ("minus",), "*": ("times", "multiplied by", "x"), "/": ("divided by", "over"),
}  # fmt: skip
CANNOT = "I cannot calculate that reliably. Give me a calculator tool, or use a larger model."


def spell(a: int, sign: str, b: int, rng: Random) -> str:
    """The expression as a user may write it."""
    draw = rng.random()
    if draw < 0.6:
        return f"{a} {sign} {b}"
    if draw < 0.8:
        return f"{a}{sign}{b}"
    return f"{a} {rng.choice(SPOKEN[sign])} {b}"


def beyond(phrasing: Phrasing, rng: Random) -> tuple[str, str]:
    """A calculation that is too much: the question and its gist."""
    large = rng.randint(10, 10 ** rng.choice((2, 2, 3, 4)))
    if rng.random() < 0.2:
        small = rng.randint(2, 99)
        return phrasing.say(OTHER, rng, m=str(large), n=str(small)), "A calculation."
    sign = rng.choice("++-*/")
    a, b = (large, rng.randint(0, 10 ** rng.choice((1, 2, 3))))
    if sign != "+" and rng.random() < 0.5:
        a, b = rng.randint(0, 12), rng.randint(0, 12)
    elif rng.random() < 0.3:
        a, b = b, a
    return phrasing.say(FRAMES, rng, e=spell(a, sign, b, rng)), "A calculation."


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    if rng.random() < 0.4:
        text, gist = beyond(phrasing, rng)
        return ask("arithmetic", text, gist, "It is too much for me.", CANNOT)
    a, b = rng.randint(0, 9), rng.randint(0, 9)
    text = phrasing.say(FRAMES, rng, e=spell(a, "+", b, rng))
    return ask("arithmetic", text, f"The sum {a} + {b}.", "I know it by heart.", f"{a} + {b} = {a + b}")
