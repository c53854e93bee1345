"""Calling tools and using their results, errors and absence included."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from . import facts, refusals, smalltalk, toolbox, words
from .dialogue import Dialogue, Message, Reply, Thought, calling, user
from .history import small_exchange
from .paraphrases import BOTH as MORE_BOTH
from .paraphrases import BOTH_TIMES as MORE_TIMES
from .phrasing import Phrasing
from .toolbox import Tool

Turns = list[Message | Reply]

WEATHER = (
    "What is the weather in {c}?", "How is the weather in {c}?", "What is the weather like in {c}?",
    "Weather in {c}?",
    "Is it raining in {c}?", "Tell me the weather in {c}.", "Check the weather in {c}.",
    "Is it cold in {c}?",
    "How warm is it in {c}?", "Give me the weather for {c}.", "What is the temperature in {c}?",
    "Weather for {c}",
    "Do I need an umbrella in {c}?", "I want to know the weather in {c}.",
    "Can you check the weather in {c}?",
    "Is it sunny in {c}?", "How hot is it in {c}?", "I am going to {c}. How is the weather?",
    "Show me the weather in {c}.",
    "What is the forecast for {c}?", "Get the weather in {c}.", "Look up the weather in {c}.",
    "weather {c}",
    "What is the weather in {c} today?", "How is the weather in {c} right now?",
    "Does it rain in {c}?",
)  # fmt: skip
TIME = (
    "What time is it in {c}?", "What is the time in {c}?", "Tell me the time in {c}.",
    "Time in {c}?",
    "How late is it in {c}?", "What is the current time in {c}?",
    "Do you know what time it is in {c}?",
    "What is the local time in {c}?", "Give me the time in {c}.", "Check the time in {c}.",
    "The time in {c}, please.",
    "What time do they have in {c}?", "Can you tell me the time in {c}?",
    "What time is it now in {c}?",
    "Get the time in {c}.", "Show me the time in {c}.",
)  # fmt: skip
SUMS = (
    "What is {e}?", "Calculate {e}.", "How much is {e}?", "Compute {e}.", "{e}",
    "What does {e} make?", "Work out {e}.",
    "{e}?", "Tell me {e}.", "Solve {e}.", "Evaluate {e}.", "What is the result of {e}?", "{e} =",
    "Use the calculator for {e}.",
    "Please calculate {e}.", "Can you calculate {e}?", "I need the result of {e}.",
    "Do the sum {e}.",
)  # fmt: skip
SEARCH = (
    "Search for {q}.", "Search the web for {q}.", "Look up {q}.", "Find information about {q}.",
    "Google {q}.",
    "Search {q}", "Find {q} on the web.", "Do a web search for {q}.", "Please search for {q}.",
    "Look up {q} on the web.",
    "Can you search for {q}?", "I want you to search for {q}.", "Search the internet for {q}.",
    "Find pages about {q}.",
    "What does the web say about {q}?", "Find out about {q}.",
)  # fmt: skip
NO_ARGUMENT = (
    "{verb} the {noun}.", "Call {name}.", "Use {name}.", "Please {verb} the {noun}.",
    "Can you {verb} the {noun}?",
    "Run {name}.", "{verb} my {noun}.", "I want you to {verb} the {noun}.",
    "Now {verb} the {noun}.",
)  # fmt: skip
ONE_ARGUMENT = (
    "{verb} the {noun} for {v}.", "{verb} the {noun} of {v}.", "{verb} {noun} {v}.",
    "Call {name} with {a} {v}.",
    "Use {name} for {v}.", "Please {verb} the {noun} {v}.", "Can you {verb} the {noun} for {v}?",
    "{verb} a {noun} for {v}.",
    "{verb} the {noun} {v}", "I want you to {verb} the {noun} of {v}.", "{verb} {noun}: {v}",
    "Run {name} on {v}.",
    "Call {name} with {a}={v}.", "{verb} the {noun} with {a} {v}.",
    "{verb} a {noun} with the {a} {v}.", "{verb} {v}'s {noun}.",
    "For {v}, {verb} the {noun}.", "Use {name} with {v}.", "The {a} is {v}. {verb} the {noun}.",
    "{verb} the {noun} in {v}.",
    "{verb} the {noun} called {v}.", "I need the {noun} of {v}. Please {verb} it.",
)  # fmt: skip
TWO_ARGUMENTS = (
    "{verb} the {noun} with {a} {v} and {b} {w}.", "Call {name} with {a} {v} and {b} {w}.",
    "{verb} a {noun}: {a} {v}, {b} {w}.",
    "Use {name} with {a}={v} and {b}={w}.", "Please {verb} a {noun} with {a} {v} and {b} {w}.",
    "{verb} {noun} {v}, {b} {w}.",
    "{verb} the {noun}. The {a} is {v} and the {b} is {w}.", "Call {name}: {a} {v}, {b} {w}.",
    "{verb} the {noun} {v} with {b} {w}.",
    "Can you {verb} the {noun} with {a} {v} and {b} {w}?", "{a}: {v}, {b}: {w}. {verb} the {noun}.",
    "Run {name} with {a} {v}, {b} {w}.",
)  # fmt: skip
THREE_ARGUMENTS = (
    "{verb} the {noun} with {a} {v}, {b} {w} and {c} {x}.",
    "Call {name} with {a} {v}, {b} {w} and {c} {x}.",
    "{verb} a {noun}: {a} {v}, {b} {w}, {c} {x}.", "Use {name} with {a}={v}, {b}={w}, {c}={x}.",
    "Please {verb} the {noun} with {a} {v}, {b} {w} and {c} {x}.",
    "Call {name}: {a} {v}, {b} {w}, {c} {x}.",
)  # fmt: skip
BOTH = (
    "What is the weather in {c} and {d}?", "Weather in {c} and in {d}?",
    "Compare the weather in {c} and {d}.",
    "How is the weather in {c} and {d}?", "Tell me the weather in {c} and {d}.",
    "Check the weather in {c} and {d}.",
    "Is it warmer in {c} or in {d}?", "Give me the weather for {c} and {d}.",
)  # fmt: skip
BOTH_TIMES = (
    "What time is it in {c} and {d}?", "Tell me the time in {c} and {d}.",
    "What is the time in {c} and in {d}?",
    "Time in {c} and {d}?", "Give me the time in {c} and {d}.",
)  # fmt: skip
FOLLOW = (
    "And in {c}?",
    "And {c}?",
    "What about {c}?",
    "How about {c}?",
    "And what about {c}?",
    "Same for {c}.",
    "Now {c}.",
)
SKIES = "sunny cloudy rainy windy snowy foggy clear stormy warm mild dry".split()
ERRORS = (
    "city not found", "timeout", "service unavailable", "not found", "permission denied",
    "invalid input", "no connection",
    "rate limit reached", "unknown place", "internal error", "bad request",
)  # fmt: skip


def call(tool: Tool, values: dict[str, Any]) -> Reply:
    return Reply(calling(tool.name, values), calls=((tool.name, values),))


def result(content: str) -> Message:
    return {"role": "tool", "content": content}


def flatten(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return str(value)


def answer(text: str) -> Reply:
    return Reply(Thought("The tool has answered.", "I pass the result on."), text)


def failure(rng: Random) -> tuple[str, Reply]:
    """An error result and what to say about it."""
    message = rng.choice(ERRORS) if rng.random() < 0.7 else words.phrase(rng)
    shape = rng.choice((json.dumps({"error": message}), f"Error: {message}", f"error: {message}"))
    text = f"The tool reported an error: {message}."
    return shape, Reply(Thought("The tool has failed.", "I report the error."), text)


def weather_result(place: str, rng: Random) -> tuple[str, str]:
    """A result in one of several shapes, and the sentence it becomes."""
    sky, degrees = rng.choice(SKIES), rng.randint(-15, 40)
    shapes = (
        json.dumps({"temperature": degrees, "condition": sky}),
        json.dumps({"condition": sky, "temperature": degrees}),
        json.dumps({"city": place, "temperature": degrees, "condition": sky}),
        f"{sky}, {degrees} degrees",
        f"{degrees} C, {sky}",
        f"{sky}, {degrees}°C",
        json.dumps({"temp_c": degrees, "sky": sky}),
        f"{degrees} degrees and {sky}",
    )
    return rng.choice(shapes), f"It is {sky} in {place}, {degrees} degrees."


def time_result(place: str, rng: Random) -> tuple[str, str]:
    now = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    shapes = (
        now,
        json.dumps({"time": now}),
        json.dumps({"city": place, "time": now}),
        f"It is {now}",
    )
    return rng.choice(shapes), f"It is {now} in {place}."


def sum_result(expression: str, rng: Random) -> tuple[str, str]:
    value = rng.choice((str(rng.randint(-99, 99999)), f"{rng.randint(0, 999)}.{rng.randint(1, 99)}"))
    shape = rng.choice((value, json.dumps({"result": float(value) if "." in value else int(value)}), value))
    shown = str(float(value)) if "." in value and shape != value else value
    return shape, f"The result is {shown}."


def search_result(query: str, rng: Random) -> tuple[str, str]:
    text = words.phrase(rng)
    return rng.choice((text, json.dumps({"result": text}), json.dumps([text]))), f"I found this: {text}."


def invented_result(rng: Random) -> tuple[str, str]:
    draw = rng.random()
    if draw < 0.15:
        return rng.choice(
            ("ok", "done", '{"status": "ok"}', "success", '{"ok": true}', "null", "true")
        ), "Done."
    if draw < 0.45:
        text = words.phrase(rng)
        return text, f"The result: {text}."
    if draw < 0.6:
        number = words.number(rng)
        return number, f"The result: {number}."
    keys = rng.sample(toolbox.ARGUMENTS, rng.choice((1, 2, 2)))
    value = {
        key: toolbox.Argument(key).value(rng) if rng.random() < 0.7 else rng.randint(0, 999) for key in keys
    }
    return json.dumps(value), f"The result: {flatten(value)}."


def expression(rng: Random) -> str:
    terms = [str(rng.randint(1, 10 ** rng.choice((1, 1, 2, 3, 4)))) for _ in range(rng.choice((2, 2, 2, 3)))]
    space = rng.choice((" ", " ", ""))
    text = terms[0]
    for term in terms[1:]:
        text += f"{space}{rng.choice('+-*/')}{space}{term}"
    return text


def query(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.4:
        return rng.choice(words.TOPICS)
    if draw < 0.7:
        return f"{rng.choice(words.ADJECTIVES)} {rng.choice(words.NOUNS)}"
    return words.phrase(rng)


def finish(shape: str, text: str, rng: Random) -> Turns:
    if rng.random() < 0.12:
        shape, reply = failure(rng)
        return [result(shape), reply]
    return [result(shape), answer(text)]


def known_tool(phrasing: Phrasing, rng: Random) -> tuple[Tool, Turns]:
    """One question for weather, time, a sum or a search, up to the final answer."""
    kind = rng.choice(("weather", "weather", "time", "sum", "search"))
    if kind in ("weather", "time"):
        tool, frames, outcome = (
            (toolbox.weather(rng), WEATHER, weather_result)
            if kind == "weather"
            else (toolbox.clock(rng), TIME, time_result)
        )
        turns: Turns = []
        for index in range(rng.choice((1, 1, 1, 1, 2))):
            place = words.city(rng)
            turns += [user(phrasing.say(FOLLOW if index else frames, rng, c=place))]
            turns += [
                call(tool, {tool.arguments[0].name: place}),
                *finish(*outcome(place, rng), rng),
            ]
        return tool, turns
    if kind == "sum":
        tool, value = toolbox.calculator(rng), expression(rng)
        text = phrasing.say(SUMS, rng, e=value)
        outcome_of = sum_result
    else:
        tool, value = toolbox.search(rng), query(rng)
        text = phrasing.say(SEARCH, rng, q=value)
        outcome_of = search_result
    turns = [
        user(text),
        call(tool, {tool.arguments[0].name: value}),
        *finish(*outcome_of(value, rng), rng),
    ]
    return tool, turns


def two_places(phrasing: Phrasing, rng: Random) -> tuple[Tool, Turns]:
    weather = rng.random() < 0.7
    tool = toolbox.weather(rng) if weather else toolbox.clock(rng)
    first, second = words.city(rng), words.city(rng)
    frames, extra = (BOTH, MORE_BOTH) if weather else (BOTH_TIMES, MORE_TIMES)
    text = phrasing.say(frames, rng, extra=extra, c=first, d=second)
    argument = tool.arguments[0].name
    calls = [call(tool, {argument: place}) for place in (first, second)]
    outcome = weather_result if weather else time_result
    outcomes = [outcome(place, rng) for place in (first, second)]
    thought = Thought(f"The tool {tool.name} fits.", f"I call it for {first} and {second}.")
    both = Reply(thought, calls=calls[0].calls + calls[1].calls)
    final = answer(" ".join(sentence for _, sentence in outcomes))
    return tool, [user(text), both, *(result(shape) for shape, _ in outcomes), final]


def invented_tool(phrasing: Phrasing, rng: Random) -> tuple[Tool, Turns]:
    tool = toolbox.invented(rng)
    values = {argument.name: argument.value(rng) for argument in tool.arguments}
    frames = (NO_ARGUMENT, ONE_ARGUMENT, TWO_ARGUMENTS, THREE_ARGUMENTS)[len(values)]
    slots = {"verb": tool.words[0], "noun": tool.words[1], "name": tool.name}
    for (name, value), (key, slot) in zip(values.items(), ("av", "bw", "cx"), strict=False):
        slots |= {key: name, slot: str(value)}
    text = phrasing.say(frames, rng, **slots)
    text = text[0].upper() + text[1:] if rng.random() < 0.7 else text
    return tool, [user(text), call(tool, values), *finish(*invented_result(rng), rng)]


def no_call(phrasing: Phrasing, rng: Random) -> Dialogue:
    """Tools are there, but the question needs none, or none that is there."""
    source = rng.choice((facts, facts, smalltalk, refusals))
    if source is refusals:
        inner = refusals.beyond(phrasing, rng)
        tools = [toolbox.invented(rng) for _ in range(rng.choice((1, 1, 2)))]
        if rng.random() < 0.6:
            inner = refusals.no_tool(phrasing, rng)
    else:
        inner, tools = source.make(phrasing, rng), toolbox.distractors(rng, None, least=1)
        tools = [tool for tool in tools if source is not facts or toolbox.family(tool) != "earch"] or [
            toolbox.weather(rng)
        ]
    return Dialogue("tools: no call", inner.turns, tools=[tool.schema(rng) for tool in tools])


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    draw = rng.random()
    if draw < 0.25:
        return no_call(phrasing, rng)
    maker, name = (
        (known_tool, "tools: known")
        if draw < 0.5
        else (two_places, "tools: two calls")
        if draw < 0.62
        else (invented_tool, "tools: new")
    )
    tool, turns = maker(phrasing, rng)
    tools = [tool, *toolbox.distractors(rng, tool)]
    rng.shuffle(tools)
    if rng.random() < 0.12:
        turns = small_exchange(phrasing, rng) + turns
    if rng.random() < 0.1:
        turns = turns + smalltalk_or_fact(phrasing, rng)
    return Dialogue(name, turns, tools=[each.schema(rng) for each in tools])


def smalltalk_or_fact(phrasing: Phrasing, rng: Random) -> Turns:
    return rng.choice((facts, smalltalk)).make(phrasing, rng).turns
