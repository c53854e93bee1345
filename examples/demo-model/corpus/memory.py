"""Remembering what the user said about themselves, over other talk and corrections."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .dialogue import Dialogue, Reply, Thought, user
from .history import small_exchange
from .phrasing import Phrasing
from .words import ADJECTIVES, NOUNS, city, proper_name

COLOURS = "blue red green yellow black white purple orange pink brown grey silver gold".split()


@dataclass(frozen=True, slots=True)
class Trait:
    label: str
    tell: tuple[str, ...]
    recall: tuple[str, ...]
    answer: str


TRAITS = {
    "name": Trait("name", (
        "My name is {x}.", "I am {x}.", "Call me {x}.", "I'm {x}.", "Hi, I am {x}.",
        "Hello, my name is {x}.",
        "You can call me {x}.", "This is {x}.", "{x} is my name.", "Hi! My name is {x}.",
        "my name is {x}",
        "I am called {x}.", "Hey, {x} here.", "People call me {x}.", "The name is {x}.",
    ), (
        "What is my name?", "Who am I?", "Do you remember my name?", "What am I called?",
        "Tell me my name.",
        "Do you know my name?", "What was my name?", "How am I called?", "My name?", "Say my name.",
        "What did I say my name was?", "Can you remember my name?", "Do you still know my name?",
    ), "Your name is {x}."),
    "city": Trait("city", (
        "I live in {x}.", "I am from {x}.", "My city is {x}.", "I come from {x}.",
        "My home is {x}.",
        "I'm from {x}.", "I moved to {x}.", "Right now I live in {x}.",
    ), (
        "Where do I live?", "What is my city?", "Where am I from?", "Which city do I live in?",
        "Where is my home?",
        "Do you remember where I live?", "Tell me where I live.", "Do you know where I live?",
    ), "You live in {x}."),
    "favourite colour": Trait("favourite colour", (
        "My favourite colour is {x}.", "My favorite color is {x}.", "I like the colour {x}.",
        "I love the color {x}.",
        "The colour I like best is {x}.", "{x} is my favourite colour.",
    ), (
        "What is my favourite colour?", "What is my favorite color?", "Which colour do I like?",
        "Do you remember my favourite colour?", "Tell me my favorite color.",
        "What colour do I like best?",
    ), "Your favourite colour is {x}."),
    "pet": Trait("pet", (
        "My pet is called {x}.", "I have a dog named {x}.", "My cat is called {x}.",
        "I have a pet called {x}.",
        "My dog's name is {x}.", "My pet's name is {x}.",
    ), (
        "What is my pet's name?", "What is my pet called?", "How is my pet called?",
        "What is the name of my pet?",
        "Do you remember my pet's name?", "Tell me the name of my pet.",
    ), "Your pet is called {x}."),
    "age": Trait("age", (
        "I am {x} years old.", "My age is {x}.", "I'm {x} years old.", "I turned {x} this year.",
        "I just turned {x}.",
    ), (
        "How old am I?", "What is my age?", "Do you remember my age?", "Tell me how old I am.",
        "Do you know how old I am?",
    ), "You are {x} years old."),
    "secret word": Trait("secret word", (
        "The secret word is {x}.", "Remember the word {x}.", "The password is {x}.",
        "The code word is {x}.",
        "Please remember this word: {x}.", "Keep in mind the word {x}.",
    ), (
        "What is the secret word?", "Which word should you remember?", "What was the word?",
        "What is the password?",
        "Tell me the secret word.", "What word did I tell you?", "What was the code word?",
    ), "The secret word is {x}."),
}  # fmt: skip
CORRECTIONS = (
    "Actually, my name is {x}.", "No, my name is {x}.", "I meant {x}.", "Sorry, I am {x}.",
    "I changed my name to {x}.", "Wait, my name is {x}.", "From now on call me {x}.",
)  # fmt: skip


def value(label: str, rng: Random) -> str:
    return {
        "name": lambda: proper_name(rng), "city": lambda: city(rng),
        "pet": lambda: proper_name(rng),
        "favourite colour": lambda: rng.choice(COLOURS), "age": lambda: str(rng.randint(5, 99)),
        "secret word": lambda: rng.choice(
            (rng.choice(NOUNS), rng.choice(ADJECTIVES))
        ),
    }[label]()  # fmt: skip


def acknowledge(label: str, x: str) -> str:
    return f"Nice to meet you, {x}!" if label == "name" else f"I will remember that: {x}."


def tell(label: str, x: str, phrasing: Phrasing, rng: Random) -> list:
    text = phrasing.say(TRAITS[label].tell, rng, plain=rng.random() < 0.7, x=x)
    thought = Thought(f"The user told me the {label}: {x}.", "I remember it.")
    return [user(text), Reply(thought, acknowledge(label, x))]


def correct(x: str, phrasing: Phrasing, rng: Random) -> list:
    thought = Thought(f"The user told me the name: {x}.", "I remember it.")
    return [
        user(phrasing.say(CORRECTIONS, rng, plain=True, x=x)),
        Reply(thought, f"All right, {x}!"),
    ]


def recall(label: str, x: str, phrasing: Phrasing, rng: Random) -> list:
    text = phrasing.say(TRAITS[label].recall, rng)
    answer = TRAITS[label].answer.replace("{x}", x)
    return [user(text), Reply(Thought(f"The {label}?", f"The user said {x}."), answer)]


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    labels = rng.sample(list(TRAITS), rng.choice((1, 1, 1, 2, 2, 3)))
    if "name" not in labels and rng.random() < 0.5:
        labels[0] = "name"
    values = {label: value(label, rng) for label in labels}
    turns: list = []
    for label in labels:
        turns += tell(label, values[label], phrasing, rng)
        while rng.random() < 0.3:
            turns += small_exchange(phrasing, rng)
    if "name" in labels and rng.random() < 0.12:
        values["name"] = value("name", rng)
        turns += correct(values["name"], phrasing, rng)
    while rng.random() < 0.3:
        turns += small_exchange(phrasing, rng)
    for label in rng.sample(labels, rng.randint(1, min(2, len(labels)))):
        if rng.random() < 0.9:
            turns += recall(label, values[label], phrasing, rng)
    return Dialogue("memory", turns)
