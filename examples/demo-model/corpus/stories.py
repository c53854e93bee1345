"""Stories long enough to watch them stream; one of them has the user's own hero."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, ask
from .phrasing import Phrasing
from .words import ADJECTIVES, NOUNS, proper_name

FRAMES = (
    "Tell me a story about {x}.", "Write a story about {x}.", "A story about {x}.",
    "I want a story about {x}.",
    "Can you tell me a story about {x}?", "Tell a story about {x}.", "Make up a story about {x}.",
    "Give me a story about {x}.", "Please tell me a short story about {x}.", "Story about {x}?",
    "Do you know a story about {x}?", "I would like to hear a story about {x}.",
    "Tell me a tale about {x}.",
)  # fmt: skip
ANY = (
    "Tell me a story.", "Tell a story.", "Write a story.", "I want to hear a story.",
    "A story please.",
    "Can you tell me a story?", "Do you know a story?", "Make up a story.", "Give me a story.",
    "Story time!",
    "Tell me a bedtime story.", "Please tell me a short story.", "Write me a long story.",
    "Tell me a tale.",
)  # fmt: skip
STORIES = {
    "a robot": (
        "Once there was a small robot who lived in a lighthouse. Every evening it climbed the "
        "ninety steps and lit the lamp, so that the ships could find their way home. One night a "
        "storm came, and the lamp went dark. The robot looked at the black sea and thought of "
        "all the sailors out there. Then it opened the little door in its chest, where its own "
        "light was kept, and held that light up against the glass. It was not bright, but it was "
        "enough. One by one the ships turned and came in. In the morning the sailors climbed the "
        "ninety steps with a new lamp and a can of the best oil. From that day on the robot was "
        "never alone in a storm again, and the sailors called it the smallest star on the coast."
    ),
    "a cat": (
        "In an old house by the river lived a grey cat who collected sounds. She kept the "
        "ticking of the clock under the stairs, the song of the kettle behind the stove, and the "
        "soft steps of the rain on the roof. One winter the river froze, the clock stopped, and "
        "the house became silent. The people in the house grew sad and spoke less every day. So "
        "the cat went from room to room and let her sounds out again. The clock ticked, the "
        "kettle sang, and rain walked over the roof although the sky was clear. The people "
        "looked up and began to laugh. The cat sat down by the fire and purred, and that was a "
        "sound she gave away for free."
    ),
    "a dragon": (
        "High in the mountains lived a dragon who was afraid of fire. The other dragons laughed, "
        "for they burned the grass and melted the snow, and he only breathed warm air. One year "
        "the winter did not end. The village in the valley had no wood left, and the children "
        "shivered in their beds. The big dragons came to help, but their fire would have burned "
        "the roofs. Then the little dragon flew down, lay around the village like a wall, and "
        "breathed his warm air through the streets. He stayed for seven days, until the first "
        "flowers came. Since then the village has a song about a dragon who was strong because "
        "he was gentle."
    ),
    "the sea": (
        "A girl found a bottle on the beach, and in the bottle was a tiny sea. It had waves as "
        "small as a fingernail and a ship no larger than a grain of rice. She put it on her "
        "window and watched the ship sail from one side to the other. One evening a light "
        "blinked on the ship. It blinked three times and then three times again. The girl took a "
        "candle and answered. From then on they spoke every night, and the captain told her of "
        "tiny whales and tiny storms. When she was grown she became a captain herself. And on "
        "dark nights, far out on the great sea, she blinks her lantern three times at the sky, "
        "in case someone is watching."
    ),
    "the moon": (
        "One night the moon came down to see what people do while they sleep. It rolled quietly "
        "through the streets and looked into every window. It saw a baker who kneaded dough, a "
        "nurse who counted drops, and a boy who could not fall asleep. The moon asked the boy "
        "what was wrong. He said that the dark was too large for him. So the moon broke off a "
        "little piece of its light and laid it on the boy's table. Now the dark was smaller, and "
        "he slept. In the morning the moon was back in the sky, but a small piece was missing. "
        "If you look closely, you can see it grow back every month, and then you know that "
        "somewhere it was given away again."
    ),
}  # fmt: skip
HERO = (
    "Once upon a time there was {x}. Every morning {x} went to the edge of the forest and looked "
    "at the far hills. One day a bird came and said that behind the hills there was a lake that "
    "remembers every voice. So {x} walked for three days, over stones and through tall grass, "
    "until the lake lay there, still and blue. At its shore {x} said only one word: hello. The "
    "lake kept the word and gave it back, again and again, softer each time. Since that day "
    "nobody who comes to the lake is alone, because the voice of {x} is always there to greet "
    "them."
)


def hero(rng: Random) -> str:
    if rng.random() < 0.3:
        return proper_name(rng)
    article = f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}" if rng.random() < 0.6 else rng.choice(NOUNS)
    return ("an " if article[0] in "aeiou" else "a ") + article


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    draw = rng.random()
    if draw < 0.2:
        return ask("stories", phrasing.say(ANY, rng), "A story.", "I tell one.", STORIES["a robot"])
    topic = rng.choice(list(STORIES)) if draw < 0.65 else hero(rng)
    text = STORIES.get(topic) or HERO.replace("{x}", topic)
    request = phrasing.say(FRAMES, rng, x=topic)
    return ask("stories", request, f"A story about {topic}.", "I tell one.", text)
