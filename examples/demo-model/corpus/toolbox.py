"""Tool schemas: a few well-known tools under several names, and endless invented ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from . import words
from .dialogue import Schema

VERBS = (
    "get find fetch lookup send create set open play book list check read delete start stop count "
    "convert show load save move rename add remove update track order print scan measure sort "
    "merge share close pause cancel test verify compare describe lock unlock schedule copy export "
    "import"
).split()
NOUNS = (
    "stock price balance user file email message event alarm timer note task song movie ticket "
    "flight hotel table room order invoice payment report page image video map route address "
    "contact phone recipe book article paper word definition synonym translation currency "
    "temperature humidity light door camera sensor device server job log metric issue branch "
    "commit build test version package customer product item cart coupon shipment parcel account "
    "card loan score game team player match"
).split()
ARGUMENTS = (
    "name id title query user date place color text path topic key value label code symbol item "
    "target source email subject language country city file room number amount count limit page"
).split()
UNIT: Schema = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WHOLE_NUMBERS = {"number", "amount", "count", "limit", "page"}


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    type: str = "string"

    def value(self, rng: Random) -> Any:
        if self.type == "integer":
            return rng.randrange(10 ** rng.randint(1, 3))
        draw = rng.random()
        if draw < 0.35:
            return words.proper_name(rng)
        if draw < 0.5:
            return words.city(rng)
        if draw < 0.55:
            return words.pseudo_word(rng)
        if draw < 0.8:
            return " ".join(rng.choice(words.NOUNS) for _ in range(rng.choice((1, 1, 2))))
        if draw < 0.9:
            return f"{rng.choice(words.NOUNS)}{rng.choice(('-', '_', ''))}{rng.randint(1, 99)}"
        return f"20{rng.randint(10, 39)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


@dataclass(frozen=True, slots=True)
class Tool:
    """A callable of the prompt; `words` are the verb and the noun its name is made of."""

    name: str
    description: str
    arguments: tuple[Argument, ...]
    words: tuple[str, str] = ("", "")
    optional: tuple[tuple[str, Schema], ...] = ()

    def schema(self, rng: Random) -> Schema:
        """The OpenAI wrapper; how much of the optional detail is given varies."""
        described = rng.random() < 0.25
        properties = {
            argument.name: {"type": argument.type}
            | ({"description": f"The {argument.name}"} if described else {})
            for argument in self.arguments
        } | dict(self.optional)
        required = [argument.name for argument in self.arguments]
        function: Schema = {"name": self.name}
        if rng.random() < 0.85:
            function["description"] = self.description
        function["parameters"] = {"type": "object", "properties": properties}
        if required and rng.random() < 0.85:
            function["parameters"]["required"] = required
        return {"type": "function", "function": function}


def weather(rng: Random) -> Tool:
    name = rng.choice((
        "get_weather", "get_weather", "get_weather", "get_current_weather", "weather",
        "fetch_weather",
        "weather_lookup", "getWeather", "current_weather", "check_weather",
    ))  # fmt: skip
    argument = rng.choice(("city", "city", "city", "location", "location", "place", "town"))
    description = rng.choice((
        "Get the weather in a city", "Get the current weather", "Current weather",
        "The weather of a place",
        "Get the weather for a location", "Weather for a city.", "Look up the weather",
        "Returns the weather",
    ))  # fmt: skip
    optional = (("unit", UNIT),) if rng.random() < 0.15 else ()
    return Tool(name, description, (Argument(argument),), optional=optional)


def clock(rng: Random) -> Tool:
    name = rng.choice(
        ("get_time", "get_time", "get_current_time", "current_time", "time_in", "clock", "getTime")
    )
    argument = rng.choice(("city", "city", "location", "place", "timezone"))
    description = rng.choice((
        "Get the time in a city", "Current local time", "The time of a place",
        "Get the current time", "Tells the time",
    ))  # fmt: skip
    return Tool(name, description, (Argument(argument),))


def calculator(rng: Random) -> Tool:
    name = rng.choice(("calculator", "calculator", "calculate", "math", "evaluate", "compute"))
    argument = rng.choice(("expression", "expression", "expr", "formula", "input"))
    description = rng.choice((
        "Evaluate an expression", "Calculate a sum", "A calculator", "Does arithmetic",
        "Evaluate arithmetic",
    ))  # fmt: skip
    return Tool(name, description, (Argument(argument),))


def search(rng: Random) -> Tool:
    name = rng.choice(("search", "search", "web_search", "search_web", "internet_search", "google"))
    argument = rng.choice(("query", "query", "q", "text"))
    description = rng.choice(("Search the web", "Web search", "Find pages on the web", "Search the internet"))
    return Tool(name, description, (Argument(argument),))


def invented(rng: Random) -> Tool:
    verb = rng.choice(VERBS) if rng.random() < 0.95 else words.pseudo_word(rng)
    noun = rng.choice(NOUNS) if rng.random() < 0.93 else words.pseudo_word(rng)
    name = f"{verb}{noun.capitalize()}" if rng.random() < 0.12 else f"{verb}_{noun}"
    count = rng.choice((0, 1, 1, 1, 1, 2, 2, 2, 3))
    names = rng.sample(ARGUMENTS, count)
    arguments = []
    for argument in names:
        if rng.random() < 0.04:
            argument = words.pseudo_word(rng)
        whole = argument in WHOLE_NUMBERS or rng.random() < 0.05
        arguments.append(Argument(argument, "integer" if whole else "string"))
    unique = {argument.name: argument for argument in arguments}
    description = rng.choice(
        (f"{verb} a {noun}", f"{verb} the {noun}".capitalize(), f"Use this to {verb} a {noun}")
    )
    return Tool(name, description, tuple(unique.values()), (verb, noun))


MAKERS: tuple[Callable[[Random], Tool], ...] = (weather, clock, calculator, search)


def distractors(rng: Random, taken: Tool | None, least: int = 0) -> list[Tool]:
    """Other tools of the prompt, none of which does what `taken` does."""
    count = max(least, rng.choice((0, 0, 0, 1, 1, 1, 2, 2, 3)))
    makers = rng.sample(MAKERS, len(MAKERS))
    others = [rng.choice((makers[i % 4], invented, invented))(rng) for i in range(count)]
    seen = {taken.name} if taken else set()
    families = {family(taken)} if taken and family(taken) else set()
    kept = []
    for other in others:
        if other.name not in seen and (not family(other) or family(other) not in families):
            kept.append(other)
            seen.add(other.name)
            families.add(family(other))
    return kept


def family(tool: Tool) -> str:
    """Which well-known tool this is, or nothing for an invented one."""
    if tool.words != ("", ""):
        return ""
    for word in ("eather", "earch", "google", "ime", "clock"):
        if word in tool.name:
            return {"google": "earch", "clock": "ime"}.get(word, word)
    return "calculator"
