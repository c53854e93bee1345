"""System prompts and what they change."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import facts, smalltalk
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
PERSONAS = "Ada Bob Demo Echo Max Mia Nova Pixel Robin Sage Sam Zoe".split()
"""The names that a system prompt may give the model: a closed list, so that each is frequent."""
MORE = {
    "one word": (
        "[Give|Write|Say|Use] [only|just|exactly|] one word [per answer|as the answer|each time|].",
        "[Each|Every|Your] answer [is|must be|has] [one word|a single word].",
        "[Just|Only] one word, please.",
    ),
    "ends with Ahoy": (
        "[Close|Conclude|Finish|End] [every|each|your] [answer|reply|message] with [Ahoy!|\"Ahoy!\"]",
        "[Say|Write|Add] [Ahoy!|\"Ahoy!\"] at the end [of every answer|of each reply|].",
    ),
    "pirate": (
        "[Act|Answer|Reply|Sound|Behave|Write] [like|as] a [pirate|pirate captain].",
        "You are [an old|a friendly|a funny|a real] pirate.", "Use pirate [speech|language|talk].",
    ),
    "concise": (
        "[Be|Stay] [very|as|really|] [brief|short|concise|terse].",
        "[Give|Write] [short|brief|concise] [answers|replies].",
        "[Answer|Reply] [shortly|concisely|in few words|in a few words].", "No long answers.",
    ),
    "given ending": (
        "[Close|Finish|Conclude] [every|each] [answer|reply|message] with [: |]{p}",
        "[Add|Write] {p} at the end of [every|each] [answer|reply]",
        "[Your|All] [answers|replies] end with: {p}",
    ),
    "given opening": (
        "[Open|Start|Begin] [every|each] [answer|reply|message] with [: |]{p}",
        "[Put|Write] {p} at the start of [every|each] [answer|reply]",
        "[Your|All] [answers|replies] begin with: {p}",
    ),
}  # fmt: skip
MORE_PERSONA = (
    "[You are|Your name is|I call you|They call you] {n}[.|, an assistant.|, a chatbot.|, a helpful bot.]",
    "[Play|Be|Pretend to be|Imagine you are] {n}.",
    "You are a [helpful|kind|small|polite] [assistant|bot|model|robot] [named|called] {n}.",
)  # fmt: skip
MORE_USER = (
    "[The user is|The user's name is|You are talking to|You speak with|You help|Your user is] {n}.",
    "[My|The user's] [first |]name is {n}.", "The person you talk to is [called |]{n}.",
)  # fmt: skip
MORE_TONGUE = (
    "[Please|Always|Only] [speak|answer in|reply in|write in|use] {g}.",
    "[Your|All] [answers are|language is|replies are in] {g}.",
    "You [answer|write|reply|greet] in {g}.", "The user speaks {g}.", "{g} only.",
)  # fmt: skip
COURTESIES = ("A greeting.", "Thanks.", "Goodbye.")


def plain_question(phrasing: Phrasing, rng: Random, short: bool = False) -> tuple[Reply, str, str]:
    """A question that any style can answer: its reply, text and short answer."""
    if not short and rng.random() < 0.25:
        question, reply = smalltalk.make(phrasing, rng).turns
        return reply, question["content"], reply.content
    fact: Fact = rng.choice(facts.SHORT if short or rng.random() < 0.7 else facts.LONG)
    reply = Reply(Thought(fact.gist, facts.KNOWN), fact.answer)
    return reply, facts.question(fact, phrasing, rng), fact.short


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


STYLES: dict[str, tuple[tuple[str, ...], bool, Callable[[str, str, str], str]]] = {
    "one word": (ONE_WORD, True, lambda answer, short, p: capital(short)),
    "ends with Ahoy": (AHOY, False, lambda answer, short, p: f"{answer} Ahoy!"),
    "pirate": (PIRATE, False, lambda answer, short, p: f"Arr, matey! {answer}"),
    "concise": (CONCISE, True, lambda answer, short, p: f"{capital(short)}."),
    "given ending": (ENDING, False, lambda answer, short, p: f"{answer} {p}"),
    "given opening": (OPENING, False, lambda answer, short, p: f"{p} {answer}"),
}


def styled(phrasing: Phrasing, rng: Random) -> Dialogue:
    style = rng.choice(list(STYLES))
    frames, short_only, apply = STYLES[style]
    words = phrase(rng)
    words = words[0].upper() + words[1:] + rng.choice("!.")
    system = phrasing.choose(frames, rng, MORE.get(style, ())).replace("{p}", words)
    turns: list = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        reply, text, short = plain_question(phrasing, rng, short_only)
        content = apply(reply.content, short, words)
        verdict = f"{reply.thought.verdict} Style: {style}."
        turns += [user(text), Reply(Thought(reply.thought.gist, verdict), content)]
    return Dialogue("systems", turns, system=system)


def persona(phrasing: Phrasing, rng: Random) -> Dialogue:
    name = rng.choice(PERSONAS)
    system = phrasing.choose(PERSONA, rng, MORE_PERSONA)
    system = system.replace("{n}", name).replace("{m}", proper_name(rng))
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
    system = phrasing.choose(USER_NAME, rng, MORE_USER).replace("{n}", name)
    return Dialogue("systems", recall("name", name, phrasing, rng), system=system)


def in_tongue(phrasing: Phrasing, rng: Random) -> Dialogue:
    tongue = rng.choice(list(TONGUES))
    place = rng.choice((0, 0, 1, 2))
    system = phrasing.choose(IN_TONGUE, rng, MORE_TONGUE).replace("{g}", tongue)
    gist = COURTESIES[place]
    text = phrasing.say(smalltalk.INTENTS[gist][1], rng, plain=True)
    reply = Reply(Thought(gist, f"I answer in {tongue}."), TONGUES[tongue][place])
    return Dialogue("systems", [user(text), reply], system=system)


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    kinds = (styled, styled, styled, styled, persona, persona, user_name, in_tongue)
    return rng.choice(kinds)(phrasing, rng)
