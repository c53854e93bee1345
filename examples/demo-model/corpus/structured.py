"""Small JSON on request."""

from __future__ import annotations

import json
from random import Random

from .dialogue import Dialogue, ask
from .facts import RELATIONS
from .phrasing import Phrasing
from .words import ADJECTIVES, NOUNS, city, proper_name

PERSON = (
    "{n} is {a} years old. Give me JSON with name and age.", "Make JSON with name {n} and age {a}.",
    "JSON with name and age: {n}, {a}", "Write a JSON object with name {n} and age {a}.",
    "Reply in JSON with name and age: {n} is {a}.",
    "Give JSON for {n}, who is {a}. Keys: name, age.",
    "Extract name and age as JSON: {n} is {a} years old.", "Output JSON for a person {n} aged {a}.",
    "As JSON: name {n}, age {a}", "Turn this into JSON: name {n}, age {a}.",
)  # fmt: skip
PLACE = (
    "{n} lives in {c}. Give me JSON with name and city.", "Make JSON with name {n} and city {c}.",
    "JSON with name and city: {n}, {c}", "Write a JSON object with name {n} and city {c}.",
    "Extract name and city as JSON: {n} lives in {c}.", "As JSON: name {n}, city {c}",
    "Turn this into JSON: name {n}, city {c}.",
    "Reply in JSON with name and city: {n} lives in {c}.",
)  # fmt: skip
PAIR = (
    "Make JSON with {k} {v} and {k2} {v2}.", "Write a JSON object with {k} {v} and {k2} {v2}.",
    "As JSON: {k} {v}, {k2} {v2}", "Turn this into JSON: {k} {v}, {k2} {v2}.",
    "JSON with {k} = {v} and {k2} = {v2}", "Give me JSON where {k} is {v} and {k2} is {v2}.",
    "Output JSON: {k} is {v}, {k2} is {v2}.",
)  # fmt: skip
COUNTRY = (
    "Give me the capital of {x} as JSON.", "Capital of {x} in JSON?",
    "JSON with the capital of {x}.",
    "Answer in JSON: what is the capital of {x}?", "What is the capital of {x}? Reply in JSON.",
    "Return the capital of {x} as a JSON object.", "As JSON: the capital of {x}",
)  # fmt: skip


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    kind = rng.randrange(4)
    name, age, place = proper_name(rng), rng.randint(1, 99), city(rng)
    key, other = rng.sample(NOUNS, 2)
    value, second = (rng.choice((rng.choice(ADJECTIVES), proper_name(rng), rng.choice(NOUNS))) for _ in "ab")
    country = rng.choice(list(RELATIONS["capital"].pairs))
    answer, text = [
        ({"name": name, "age": age}, phrasing.say(PERSON, rng, n=name, a=str(age))),
        ({"name": name, "city": place}, phrasing.say(PLACE, rng, n=name, c=place)),
        ({key: value, other: second}, phrasing.say(PAIR, rng, k=key, v=value, k2=other, v2=second)),
        ({"country": country, "capital": RELATIONS["capital"].pairs[country]},
         phrasing.say(COUNTRY, rng, x=country)),
    ][kind]  # fmt: skip
    return ask("json", text, "The user wants JSON.", f"Keys: {', '.join(answer)}.", json.dumps(answer))
