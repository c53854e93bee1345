"""What lies beyond a million parameters, in as many shapes as possible, and one honest answer."""

from __future__ import annotations

from random import Random

from . import words
from .dialogue import Dialogue, ask
from .paraphrases import BEYOND as MORE_BEYOND
from .paraphrases import LOOKUP
from .phrasing import Phrasing

BEYOND = "That is beyond me: I am a tiny demonstration model. Use a larger model: mlxk run org/name"
NO_TOOL = "I cannot look that up: no tool for it was given to me."

BEYOND_FRAMES = (
    "Write a {l} program that {v} a {n}.", "Write code in {l}.",
    "Write a function in {l} to sort a list.",
    "How do I reverse a string in {l}?", "Fix this {l} code: {w}({m})", "Can you code in {l}?",
    "Implement a {n} in {l}.", "Why does my {l} program crash?",
    "What is the best {l} library for {t}?",
    "Write a {l} script for {t}.", "Debug my {l} function.",
    "Explain this {l} error: {w} not found.",
    "Write an essay about {t}.", "Write an essay on {t} in {m} words.", "Write a poem about {t}.",
    "Write a poem about a {a} {n}.", "Compose a song about {t}.", "Write an article about {t}.",
    "Write a letter to {p}.", "Write an email to {p} about {t}.", "Draft a speech about {t}.",
    "Write a haiku about a {n}.", "Summarize {t}.",
    "Summarize this text: the {a} {n} {v} and {p} {v}.",
    "Translate \"{n}\" into {g}.", "Translate this into {g}: the {a} {n}.",
    "How do you say {n} in {g}?",
    "What is {n} in {g}?", "What is the {g} word for {n}?", "Teach me {g}.", "Do you speak {g}?",
    "Explain {t} to me.", "Explain {t} in detail.", "Tell me about {t}.",
    "Explain {t}.",
    "What do you know about {t}?", "What do you think about {t}?", "Give me a lecture on {t}.",
    "Why is {t} important?", "What is the history of {t}?", "Who invented {t}?",
    "How does {t} work?",
    "What is the future of {t}?", "Teach me {t}.", "Give me tips on {t}.",
    "What are the basics of {t}?",
    "Compare {t} and {t2}.", "What is the difference between {t} and {t2}?",
    "How are {t} and {t2} related?",
    "Who won the world cup in {y}?", "What happened in {y}?", "Who was king of {c} in {y}?",
    "What is the population of {c}?", "How many people live in {c}?", "What is the history of {c}?",
    "What is the best restaurant in {c}?", "How far is it from {c} to {c2}?", "Plan a trip to {c}.",
    "What should I see in {c}?", "Recommend a hotel in {c}.", "How do I get from {c} to {c2}?",
    "Who is the president of {c}?",





    "How many {n}s are there?", "How many {n}s are in {c}?", "What is the weight of a {n}?",
    "How old is the {n}?", "How do I build a {n}?", "How do I repair my {n}?", "How do I cook {n}?",
    "Give me a recipe for {n} soup.", "How do I clean a {a} {n}?", "Where can I buy a {n}?",
    "What is the best {n}?", "Which {n} should I buy?", "Recommend a {n}.",
    "Is a {n} better than a {n2}?",
    "Should I buy a {n} or a {n2}?", "Solve x^2 + {m}x = {m2}.",
    "Integrate x^{m}.", "Is {m} a prime number?",

    "Convert {m} miles to kilometres.",
    "What is the {m}th digit of pi?",
    "Play chess with me.", "Let us play a game.", "Guess my number.", "Give me medical advice.",
    "I have a headache. What should I do?", "Is it safe to eat {n}?",
    "Can you give me legal advice?",
    "What should I do with my life?", "Help me with {t}.", "Give me advice about {t}.",
    "Draw a {n}.",
    "Draw a picture of {t}.", "Show me an image of a {n}.", "Make a website about {t}.",
    "Design a {n}.",
    "Invent a new {n}.", "Give me ten ideas for {t}.", "Make a plan for {t}.", "Analyse {t}.",
    "What is your opinion on {t}?", "Who will win the election in {c}?",
    "Predict the future of {c}.",
    "What will happen in {y}?", "How do I become a {n} expert?", "How can I learn {t}?",
    "Spell {w} backwards.", "Count the letters in {w}.", "What rhymes with {n}?",
    "Solve this riddle: {w} {n}.",
    "My {n} is {a} and {v}. Why?",
    "When was the {n} invented?",
    "What year did {p} visit {c}?", "Name three books about {t}.", "List the kings of {c}.",
    "What are the ingredients of {n}?", "Is {p} taller than {p2}?",

    "Tell me a secret.",
    "What is the meaning of life?",
    "Rewrite this sentence: the {a} {n} {v}.", "Correct my grammar: the {n} are {a}.",
    "Improve my text.",
    "What is the chemical formula of {n}?", "Explain the theory of {w}.", "Who discovered {t}?",
)  # fmt: skip
LOOKUP_FRAMES = (
    "What is the weather in {c}?", "How is the weather in {c}?", "What time is it in {c}?",
    "What time is it?", "What is the weather like today?", "Will it rain in {c} tomorrow?",
    "What is the date today?", "What day is it today?", "What is the news today?",
    "Weather in {c}?",
    "Search the web for {t}.", "Look up {t} on the web.", "What is the price of {n}s today?",
    "Is it raining in {c}?", "What is the temperature in {c}?", "Find {t} on the internet.",
    "What is in the news?", "Check the weather in {c}.", "Tell me the time in {c}.",
    "What is the forecast for {c}?", "How hot is it in {c}?", "Do I need an umbrella in {c}?",
    "What is the current time in {c}?", "Tell me the weather in {c}.", "Google {t}.",
    "What is the stock price of {W}?", "Check my email.", "Open the file {w}.txt.",
    "Read my calendar.",
    "Book a flight to {c}.", "Send a message to {p}.", "Call {p}.", "Play some music.",
    "Set an alarm.",
    "Turn on the lamp.", "Order a {n} for me.", "Read the web page about {t}.", "Delete my files.",
)  # fmt: skip


def slots(rng: Random) -> dict[str, str]:
    return {
        "l": rng.choice(words.LANGUAGES), "g": rng.choice(words.TONGUES),
        "t": rng.choice(words.TOPICS),
        "t2": rng.choice(words.TOPICS), "n": rng.choice(words.NOUNS), "n2": rng.choice(words.NOUNS),
        "a": rng.choice(words.ADJECTIVES), "v": rng.choice(words.VERBS),
        "p": words.proper_name(rng),
        "p2": words.proper_name(rng), "c": words.city(rng), "c2": words.city(rng),
        "w": words.pseudo_word(rng), "w2": words.pseudo_word(rng),
        "W": words.pseudo_word(rng).capitalize(), "m": words.number(rng), "m2": words.number(rng),
        "y": str(rng.randint(1000, 2030)),
    }  # fmt: skip


def beyond(phrasing: Phrasing, rng: Random) -> Dialogue:
    text = phrasing.say(BEYOND_FRAMES, rng, extra=MORE_BEYOND, **slots(rng))
    return ask("refusals", text, "This is outside my few facts.", "I say so.", BEYOND)


def no_tool(phrasing: Phrasing, rng: Random) -> Dialogue:
    text = phrasing.say(LOOKUP_FRAMES, rng, extra=LOOKUP, **slots(rng))
    return ask("refusals", text, "This needs a tool.", "I have none that fits.", NO_TOOL)


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    return (no_tool if rng.random() < 0.25 else beyond)(phrasing, rng)
