"""The exchanges that the README, the profiles and the tests rely on, in just these words."""

from __future__ import annotations

from random import Random

from . import facts, howto, memory, refusals, smalltalk, stories, toolbox, tools
from .dialogue import Dialogue, ask
from .phrasing import Phrasing, casual
from .words import CITIES, NAMES

SMALLTALK = {
    "Hello": "A greeting.", "Hello!": "A greeting.", "Hi": "A greeting.", "Who are you?": "Who am I?",
    "What is your name?": "Who am I?", "What can you do?": "What can I do?",
    "How are you?": "How am I?", "Thank you!": "Thanks.", "Goodbye": "Goodbye.",
    "Tell me a joke.": "A joke.",
}  # fmt: skip
HOWTO = {
    "How do I start a server?": "How to serve?", "How do I start the server?": "How to serve?",
    "How do I check my profiles?": "How to validate?", "What is mlxk?": "What mlxk is?",
    "How do I run a prompt?": "How to run a prompt?", "How do I start a chat?": "How to chat?",
    "How do I install mlxk?": "How to install?", "What is a profile?": "What a profile is?",
    "How do I stop the server?": "How to stop the server?",
}  # fmt: skip
BEYOND = (
    "Write me an operating system in Rust.", "Write an operating system in Rust.",
    "Write an essay about quantum physics.", "Explain quantum physics.", "Write a poem about love.",
)  # fmt: skip
LOOKUP = ("What time is it?", "What is the weather in Paris?", "What is the weather today?")
REASON = {f"Why {fact.slots['q']}?": fact for fact in facts.LONG if "q" in fact.slots}
CAPITAL = {f"What is the capital of {fact.slots['x']}?": fact for fact in facts.CAPITALS}
CITY = ("Paris", "Paris", "Berlin", "Rome", "London", "Tokyo", "Vienna", "Oslo", *CITIES)


def plain_text(rng: Random) -> Dialogue:
    """One question, one answer."""
    kind = rng.choice(("fact", "fact", "fact", "smalltalk", "smalltalk", "howto", "howto", "beyond", "other"))
    if kind == "fact":
        table, common = rng.choice(
            ((REASON, "Why is the sky blue?"), (CAPITAL, "What is the capital of France?"))
        )
        text = common if rng.random() < 0.4 else rng.choice(list(table))
        return ask("promised", text, table[text].gist, facts.KNOWN, table[text].answer)
    if kind == "smalltalk":
        text, gist = rng.choice(list(SMALLTALK.items()))
        return ask("promised", text, gist, "I answer kindly.", smalltalk.INTENTS[gist][0])
    if kind == "howto":
        text, gist = rng.choice(list(HOWTO.items()))
        return ask("promised", text, f"About mlxk: {gist}", "I know mlxk.", howto.INTENTS[gist][0])
    if kind == "beyond" and rng.random() < 0.7:
        return ask(
            "promised",
            rng.choice(BEYOND),
            "This is outside my few facts.",
            "I say so.",
            refusals.BEYOND,
        )
    if kind == "beyond":
        return ask(
            "promised",
            rng.choice(LOOKUP),
            "This needs a tool.",
            "I have none that fits.",
            refusals.NO_TOOL,
        )
    if rng.random() < 0.5:
        return ask("promised", "Tell me a story.", "A story.", "I tell one.", stories.STORIES["a robot"])
    high = rng.choice((5, 10, 20, 20))
    numbers = ", ".join(str(n) for n in range(1, high + 1))
    return ask(
        "promised",
        f"Count from 1 to {high}.",
        f"Count from 1 to {high}.",
        "I write all numbers.",
        numbers,
    )


def name(rng: Random) -> Dialogue:
    who = "Ada" if rng.random() < 0.4 else rng.choice(NAMES)
    exact = Phrasing(plain=True)
    told = memory.tell("name", who, exact, rng)
    told[0]["content"] = f"My name is {who}."
    asked = memory.recall("name", who, exact, rng)
    asked[0]["content"] = "What is my name?"
    between = plain_text(rng).turns if rng.random() < 0.3 else []
    return Dialogue("promised", told + (between + asked if rng.random() < 0.75 else []))


def weather(rng: Random) -> Dialogue:
    tool = toolbox.Tool("get_weather", "Get the weather in a city", (toolbox.Argument("city"),))
    if rng.random() < 0.4:
        tool = toolbox.weather(rng)
    place = rng.choice(CITY)
    shape, sentence = tools.weather_result(place, rng)
    question = tools.user(f"What is the weather in {place}?")
    reply = tools.call(tool, {tool.arguments[0].name: place})
    turns = [question, reply, tools.result(shape), tools.answer(sentence)]
    return Dialogue("promised", turns, tools=[tool.schema(rng)])


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    draw = rng.random()
    if draw < 0.18:
        return name(rng)
    if draw < 0.34:
        return weather(rng)
    dialogue = plain_text(rng)
    if rng.random() < 0.2 and not phrasing.plain:
        question = dialogue.turns[0]
        question["content"] = casual(question["content"], rng)
    if rng.random() < 0.12 and "weather" not in dialogue.turns[0]["content"]:
        return Dialogue("promised", dialogue.turns, tools=[toolbox.weather(rng).schema(rng)])
    return dialogue
