"""System prompts and what they change."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from . import arithmetic, facts, smalltalk
from .dialogue import Dialogue, Reply, Thought, user
from .facts import Fact
from .memory import recall
from .phrasing import Phrasing
from .words import phrase, proper_name

GENERIC = (
    "You are a helpful assistant.", "You are a helpful assistant", "Be helpful.",
    "You are helpful and honest.",
    "Answer the user's questions.", "You are a friendly assistant.",
    "You are a small demonstration model.",
    "You are a tiny model that ships with mlxk.", "Be kind.",
    "You are a helpful, honest and harmless assistant.",
    "Help the user.", "You are an assistant.", "Answer truthfully.",
    "You answer questions and call tools.",
    "You are the demonstration model of mlxk. Answer in one to three sentences.",
    "Use the tools when they fit.",
    "You are a careful assistant. Use tools if needed.",
    "Answer questions about mlxk and the world.",
)  # fmt: skip
UPPER = (
    "Answer in uppercase.", "Answer in capital letters.", "Write everything in uppercase.",
    "Always write in uppercase.",
    "Use only capital letters.", "Reply in uppercase.", "SHOUT.", "Respond in all caps.",
    "Write in capitals only.",
)  # fmt: skip
ONE_WORD = (
    "Answer in one word.", "Answer with one word.", "Reply with a single word.",
    "Use only one word.",
    "One word answers only.", "Give one-word answers.", "Respond with one word.",
    "Answer in a single word.",
)  # fmt: skip
AHOY = (
    'Always end with "Ahoy!"', "End every answer with Ahoy!",
    'Always end your answers with "Ahoy!"',
    "Finish each answer with Ahoy!", 'Always end with "Ahoy!".', 'End each reply with "Ahoy!"',
)  # fmt: skip
PIRATE = (
    "You are a pirate.", "Talk like a pirate.", "Speak like a pirate.", "Answer as a pirate.",
    "Be a pirate.",
    "You are a pirate captain.", "Pretend to be a pirate.", "Answer like a pirate.",
)  # fmt: skip
AS_JSON = (
    "Answer in JSON.", "Reply in JSON.", "Always answer in JSON.", "Respond with JSON.",
    "Output JSON only.",
    "Answer only with JSON.", "Respond in JSON format.",
)  # fmt: skip
CONCISE = (
    "Be concise.", "Be brief.", "Answer briefly.", "Keep it short.",
    "Answer as briefly as possible.", "Be terse.",
    "Short answers only.",
)  # fmt: skip
ENDING = (
    "End every answer with: {p}",
    'Always end with "{p}"',
    'Finish each answer with "{p}"',
    "End each reply with {p}",
)
OPENING = (
    "Begin every answer with: {p}",
    'Always start with "{p}"',
    'Start each answer with "{p}"',
    "Begin each reply with {p}",
)
PERSONA = (
    "You are {n}.", "Your name is {n}.", "You are {n}, a helpful assistant.", "You are called {n}.",
    "You are an assistant named {n}.", "Your name is {n}. Be helpful.",
    "You are {n}, the assistant of {m}.",
    "Act as {n}.", "You are a friendly robot called {n}.",
)  # fmt: skip
USER_NAME = (
    "The user is called {n}.",
    "The user's name is {n}.",
    "You talk to {n}.",
    "The name of the user is {n}.",
)
TONGUES = {
    "German": ("Hallo! Wie kann ich helfen?", "Gern geschehen!", "Auf Wiedersehen!"),
    "French": ("Bonjour ! Comment puis-je aider ?", "Je vous en prie !", "Au revoir !"),
    "Spanish": ("Hola! En que puedo ayudar?", "De nada!", "Adios!"),
}
IN_TONGUE = (
    "Answer in {g}.", "Reply in {g}.", "You speak {g}.", "Greet the user in {g}.", "Speak {g}.",
    "Respond in {g}.",
    "Always answer in {g}.",
)  # fmt: skip
COURTESIES = ("A greeting.", "Thanks.", "Goodbye.")


def plain_question(phrasing: Phrasing, rng: Random, short: bool = False) -> tuple[Reply, str, str]:
    """A question that any style can answer: its reply, text and short answer."""
    if not short and rng.random() < 0.25:
        source = smalltalk if rng.random() < 0.6 else arithmetic
        question, reply = source.make(phrasing, rng).turns
        return reply, question["content"], reply.content
    fact: Fact = rng.choice(facts.SHORT if short or rng.random() < 0.7 else facts.LONG)
    reply = Reply(Thought(fact.gist, facts.KNOWN), fact.answer)
    return reply, facts.question(fact, phrasing, rng), fact.short


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


STYLES: dict[str, tuple[tuple[str, ...], bool, Callable[[str, str, str], str]]] = {
    "uppercase": (UPPER, False, lambda answer, short, p: answer.upper()),
    "one word": (ONE_WORD, True, lambda answer, short, p: capital(short)),
    "ends with Ahoy": (AHOY, False, lambda answer, short, p: f"{answer} Ahoy!"),
    "pirate": (PIRATE, False, lambda answer, short, p: f"Arr, matey! {answer}"),
    "JSON": (AS_JSON, True, lambda answer, short, p: json.dumps({"answer": capital(short)})),
    "concise": (CONCISE, True, lambda answer, short, p: f"{capital(short)}."),
    "given ending": (ENDING, False, lambda answer, short, p: f"{answer} {p}"),
    "given opening": (OPENING, False, lambda answer, short, p: f"{p} {answer}"),
}


def styled(phrasing: Phrasing, rng: Random) -> Dialogue:
    style = rng.choice(list(STYLES))
    frames, short_only, apply = STYLES[style]
    words = phrase(rng).capitalize() + rng.choice("!.")
    system = phrasing.choose(frames, rng).replace("{p}", words)
    turns: list = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        reply, text, short = plain_question(phrasing, rng, short_only)
        content = apply(reply.content, short, words)
        verdict = f"{reply.thought.verdict} Style: {style}."
        turns += [user(text), Reply(Thought(reply.thought.gist, verdict), content)]
    return Dialogue("systems", turns, system=system)


def persona(phrasing: Phrasing, rng: Random) -> Dialogue:
    name = proper_name(rng)
    system = phrasing.choose(PERSONA, rng).replace("{n}", name).replace("{m}", proper_name(rng))
    gist = rng.choice(("Who am I?", "Who am I?", "A greeting."))
    text = phrasing.say(smalltalk.INTENTS[gist][1], rng)
    answer = {
        "Who am I?": f"I am {name}.",
        "A greeting.": f"Hello! I am {name}. What can I do for you?",
    }
    reply = Reply(Thought(gist, f"My name is {name}."), answer[gist])
    return Dialogue("systems", [user(text), reply], system=system)


def user_name(phrasing: Phrasing, rng: Random) -> Dialogue:
    name = proper_name(rng)
    system = phrasing.choose(USER_NAME, rng).replace("{n}", name)
    return Dialogue("systems", recall("name", name, phrasing, rng), system=system)


def in_tongue(phrasing: Phrasing, rng: Random) -> Dialogue:
    tongue = rng.choice(list(TONGUES))
    place = rng.choice((0, 0, 1, 2))
    system = phrasing.choose(IN_TONGUE, rng).replace("{g}", tongue)
    gist = COURTESIES[place]
    text = phrasing.say(smalltalk.INTENTS[gist][1], rng, plain=True)
    reply = Reply(Thought(gist, f"I answer in {tongue}."), TONGUES[tongue][place])
    return Dialogue("systems", [user(text), reply], system=system)


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    kinds = (styled, styled, styled, styled, persona, persona, user_name, in_tongue)
    return rng.choice(kinds)(phrasing, rng)
