"""Counting and well-known lists."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, ask
from .phrasing import Phrasing

LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "The days of the week.": (
        "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.",
        ("List the days of the week.", "Name the days of the week.",
         "What are the days of the week?",
         "Which days are in a week?", "Tell me the days of the week.", "Days of the week?",
         "Give me all weekdays.",
         "Can you list the days of the week?", "Name the seven days of the week.")),
    "The months.": (
        "January, February, March, April, May, June, "
        "July, August, September, October, November, December.",
        ("List the months.", "Name the months of the year.", "What are the months?",
         "Tell me the months.",
         "Which months are in a year?", "Months of the year?", "Give me the twelve months.",
         "Can you list the months of the year?", "Name all months.")),
    "The planets.": (
        "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune.",
        ("List the planets.", "Name the planets.", "What are the planets?", "Tell me the planets.",
         "Which planets are in the solar system?", "Name the eight planets.",
         "What planets are there?",
         "Can you list the planets of the solar system?", "Give me the names of the planets.")),
    "The colours of the rainbow.": (
        "Red, orange, yellow, green, blue, indigo, violet.",
        ("List the colours of the rainbow.", "Name the colors of the rainbow.",
         "Colours of the rainbow?",
         "What are the colours of the rainbow?", "Which colours does a rainbow have?",
         "Tell me the colors of the rainbow.", "What are the rainbow colors?",
         "Give me the rainbow colours.")),
    "The seasons.": (
        "Spring, summer, autumn, winter.",
        ("List the seasons.", "Name the four seasons.", "What are the seasons?",
         "Which seasons are there?",
         "Tell me the seasons of the year.", "Seasons of the year?",
         "Name the seasons of the year.")),
    "The continents.": (
        "Africa, Antarctica, Asia, Australia, Europe, North America, South America.",
        ("List the continents.", "Name the continents.", "What are the continents?",
         "Which continents are there?",
         "Tell me the continents.", "Name the seven continents.",
         "Give me the names of the continents.")),
    "The alphabet.": (
        "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
        ("Say the alphabet.", "List the letters of the alphabet.", "What is the alphabet?",
         "Recite the alphabet.",
         "Tell me the alphabet.", "Write the alphabet.", "Give me the alphabet.",
         "What are the letters of the alphabet?")),
    "Fruits.": (
        "1. Apple\n2. Banana\n3. Cherry\n4. Orange\n5. Pear",
        ("List five fruits.", "Name some fruits.", "Give me a list of fruits.", "Name five fruits.",
         "List some fruits.",
         "What fruits do you know?", "Tell me some fruits.", "Which fruits do you know?")),
    "Animals.": (
        "1. Cat\n2. Dog\n3. Horse\n4. Lion\n5. Whale",
        ("List five animals.", "Name some animals.", "Give me a list of animals.",
         "Name five animals.",
         "List some animals.", "What animals do you know?", "Tell me some animals.",
         "Which animals do you know?")),
    "Colours.": (
        "1. Red\n2. Green\n3. Blue\n4. Yellow\n5. Black",
        ("List five colours.", "Name some colors.", "Give me a list of colours.",
         "Name five colors.",
         "List some colours.", "What colours do you know?", "Tell me some colors.",
         "Which colours do you know?")),
    "Primes.": (
        "2, 3, 5, 7, 11, 13, 17, 19.",
        ("List the first primes.", "Name some prime numbers.", "What are the first prime numbers?",
         "List the primes below 20.", "Give me some prime numbers.",
         "Which numbers below 20 are prime?",
         "Tell me the first primes.")),
}  # fmt: skip
UP = (
    "Count to {b}.", "Count from 1 to {b}.", "Count up to {b}.", "Can you count to {b}?",
    "List the numbers from 1 to {b}.", "Please count to {b}.", "Write the numbers from 1 to {b}.",
    "Count until {b}.", "Let us count to {b}.", "Say the numbers 1 to {b}.",
    "Give me the numbers up to {b}.",
    "I want you to count to {b}.", "Count from one to {b}.",
)  # fmt: skip
RANGE = (
    "Count from {a} to {b}.", "List the numbers from {a} to {b}.", "Can you count from {a} to {b}?",
    "Write the numbers from {a} to {b}.", "Numbers from {a} to {b}?", "Count up from {a} to {b}.",
    "Give me the numbers {a} to {b}.", "Start at {a} and count to {b}.",
)  # fmt: skip
DOWN = (
    "Count down from {b}.", "Count backwards from {b}.", "Count from {b} to 1.",
    "Countdown from {b}.",
    "Can you count down from {b}?", "Start a countdown from {b}.", "Count from {b} down to 1.",
    "Count backwards from {b} to 1.",
)  # fmt: skip


def counting(phrasing: Phrasing, rng: Random) -> Dialogue:
    low, high = (
        1,
        rng.choice((3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20)),
    )
    frames = rng.choice((UP, UP, RANGE, DOWN))
    if frames is RANGE:
        low = rng.randint(1, high - 1)
    numbers = [str(n) for n in range(low, high + 1)]
    if frames is DOWN:
        numbers.reverse()
    gist = f"Count from {numbers[0]} to {numbers[-1]}."
    text = phrasing.say(frames, rng, a=str(low), b=str(high))
    return ask("lists", text, gist, "I write all numbers.", ", ".join(numbers))


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    if rng.random() < 0.5:
        return counting(phrasing, rng)
    gist = rng.choice(list(LISTS))
    answer, frames = LISTS[gist]
    return ask("lists", phrasing.say(frames, rng), gist, "I know this list.", answer)
