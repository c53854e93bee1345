"""World facts: tables of relations and single facts, each with many ways to ask."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .dialogue import Dialogue, ask
from .phrasing import Phrasing

KNOWN = "I know this fact."


@dataclass(frozen=True, slots=True)
class Fact:
    """`gist` is the canonical question, `short` the answer in one word or name."""

    slots: dict[str, str]
    frames: tuple[str, ...]
    gist: str
    answer: str
    short: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of (x, y) pairs and the frames that ask for y given x."""

    frames: tuple[str, ...]
    gist: str
    answer: str
    pairs: dict[str, str]

    def facts(self) -> list[Fact]:
        return [self.fact(x, y) for x, y in self.pairs.items()]

    def fact(self, x: str, y: str) -> Fact:
        gist, answer = (text.replace("{x}", x).replace("{y}", y) for text in (self.gist, self.answer))
        return Fact({"x": x}, self.frames, gist, answer[0].upper() + answer[1:], y)


def pairs(text: str) -> dict[str, str]:
    return dict(item.strip().split("=") for item in text.split(","))


CAPITAL_FRAMES = (
    "What is the capital of {x}?",
    "Name the capital of {x}.",
    "What is {x}'s capital?",
    "Which city is the capital of {x}?",
    "Tell me the capital of {x}.",
    "Capital of {x}?",
    "What is the capital city of {x}?",
    "Do you know the capital of {x}?",
    "{x}'s capital city?",
    "I need the capital of {x}.",
    "Which city is {x}'s capital?",
    "Can you name the capital of {x}?",
    "The capital of {x} is which city?",
    "Give me the capital of {x}.",
    "The capital of {x}?",
    "I would like to know the capital of {x}.",
    "Can you tell me what the capital of {x} is?",
    "What city is the capital of {x}?",
    "Could you tell me the capital of {x}?",
)
RELATIONS = {
    "capital": Relation(CAPITAL_FRAMES, "The capital of {x}?", "The capital of {x} is {y}.", pairs(
        "France=Paris,Italy=Rome,Spain=Madrid,Germany=Berlin,Japan=Tokyo,England=London,"
        "Austria=Vienna,Portugal=Lisbon,Greece=Athens,Egypt=Cairo,Norway=Oslo,Sweden=Stockholm,"
        "Finland=Helsinki,Denmark=Copenhagen,Poland=Warsaw,Ireland=Dublin,Hungary=Budapest,"
        "Russia=Moscow,China=Beijing,India=New Delhi,Canada=Ottawa,Switzerland=Bern,Peru=Lima,"
        "Belgium=Brussels,Cuba=Havana,Kenya=Nairobi,Australia=Canberra,Iceland=Reykjavik,"
        "the Netherlands=Amsterdam,the United States=Washington",
    )),
    "country": Relation(
        ("Which country is {x} in?", "What country is {x} in?", "In which country is {x}?",
         "Where is {x}?", "Where is {x} located?", "{x} is in which country?",
         "Tell me which country {x} is in.", "What country does {x} belong to?",
         "Where can I find {x}?", "In what country can I find {x}?", "Do you know where {x} is?"),
        "The country of {x}?", "{x} is in {y}.",
        pairs("Paris=France,Rome=Italy,Madrid=Spain,Berlin=Germany,Tokyo=Japan,London=England,"
              "Vienna=Austria,Munich=Germany,Milan=Italy,Barcelona=Spain,Lyon=France,"
              "Cairo=Egypt,the Eiffel Tower=France,the Colosseum=Italy,Big Ben=England")),
    "colour": Relation(
        ("What colour is {x}?", "What color is {x}?", "Which colour does {x} have?",
         "Tell me the colour of {x}.", "What is the colour of {x}?", "What is the color of {x}?",
         "Which color is {x}?", "Colour of {x}?", "Do you know the colour of {x}?",
         "Name the color of {x}.", "Can you tell me what colour {x} is?"),
        "The colour of {x}?", "{x} is {y}.",
        pairs("the sky=blue,grass=green,snow=white,the sun=yellow,blood=red,coal=black,"
              "a banana=yellow,a tomato=red,an orange=orange,milk=white,a lemon=yellow,"
              "the sea=blue,chocolate=brown,a frog=green,a rose=red,an elephant=grey")),
    "opposite": Relation(
        ("What is the opposite of {x}?", "Opposite of {x}?", "Tell me the opposite of {x}.",
         "Which word is the opposite of {x}?", "What word means the opposite of {x}?",
         "Give me the opposite of {x}.", "Name the opposite of {x}.",
         "{x} is the opposite of what?",
         "What is the antonym of {x}?", "Do you know the opposite of {x}?"),
        "The opposite of {x}?", "The opposite of {x} is {y}.",
        pairs("hot=cold,big=small,up=down,left=right,day=night,good=bad,fast=slow,old=young,"
              "black=white,light=dark,open=closed,full=empty,happy=sad,high=low,rich=poor,"
              "wet=dry,hard=soft,near=far,early=late,true=false")),
    "sound": Relation(
        ("What sound does {x} make?", "What does {x} say?", "Which sound does {x} make?",
         "What noise does {x} make?", "How does {x} sound?", "Tell me the sound of {x}.",
         "What is the sound of {x}?", "Do you know what {x} says?", "The sound of {x}?",
         "Can you tell me what sound {x} makes?"),
        "The sound of {x}?", "{x} says {y}.",
        pairs("a cow=moo,a dog=woof,a cat=meow,a duck=quack,a sheep=baa,a pig=oink,a lion=roar,"
              "a frog=ribbit,an owl=hoot,a bee=buzz,a mouse=squeak,a horse=neigh")),
    "legs": Relation(
        ("How many legs does {x} have?", "How many legs has {x}?", "Number of legs of {x}?",
         "Tell me how many legs {x} has.", "On how many legs does {x} walk?",
         "What is the number of legs of {x}?", "Do you know how many legs {x} has?",
         "Can you say how many legs {x} has?"),
        "The legs of {x}?", "{x} has {y} legs.",
        pairs("a spider=eight,a dog=four,a cat=four,an ant=six,a bird=two,a horse=four,a bee=six,"
              "a cow=four,a human=two,a duck=two,a fly=six,a snake=no")),
    "after": Relation(
        ("Which day comes after {x}?", "What day comes after {x}?", "What day follows {x}?",
         "Which day is after {x}?", "What is the day after {x}?", "Name the day after {x}.",
         "Tell me the day after {x}.", "After {x} comes which day?",
         "If today is {x}, what is tomorrow?",
         "What comes after {x}?", "The day after {x}?", "Today is {x}. What day is tomorrow?"),
        "The day after {x}?", "After {x} comes {y}.",
        pairs("Monday=Tuesday,Tuesday=Wednesday,Wednesday=Thursday,Thursday=Friday,"
              "Friday=Saturday,Saturday=Sunday,Sunday=Monday")),
    "month": Relation(
        ("Which month comes after {x}?", "What month comes after {x}?", "What month follows {x}?",
         "Which month is after {x}?", "What is the month after {x}?", "Name the month after {x}.",
         "Tell me the month after {x}.", "After {x} comes which month?", "The month after {x}?",
         "What comes after {x}?"),
        "The month after {x}?", "After {x} comes {y}.",
        pairs("January=February,February=March,March=April,April=May,May=June,June=July,"
              "July=August,August=September,September=October,October=November,"
              "November=December,December=January")),
    "language": Relation(
        ("Which language do people speak in {x}?", "What language is spoken in {x}?",
         "What do people speak in {x}?", "Which language is spoken in {x}?",
         "Tell me the language of {x}.", "What is the language of {x}?", "The language of {x}?",
         "What language do they speak in {x}?", "Do you know the language of {x}?"),
        "The language of {x}?", "People in {x} speak {y}.",
        pairs("France=French,Italy=Italian,Spain=Spanish,Germany=German,Japan=Japanese,"
              "England=English,Portugal=Portuguese,Greece=Greek,Russia=Russian,Brazil=Portuguese,"
              "Austria=German,Mexico=Spanish,Sweden=Swedish,Poland=Polish")),
    "author": Relation(
        ("Who wrote {x}?", "Who is the author of {x}?", "Tell me who wrote {x}.",
         "Which author wrote {x}?", "Name the author of {x}.", "The author of {x}?",
         "{x} was written by whom?", "Who was the writer of {x}?", "Do you know who wrote {x}?"),
        "The author of {x}?", "{y} wrote {x}.",
        pairs("Hamlet=Shakespeare,Faust=Goethe,Don Quixote=Cervantes,the Odyssey=Homer,"
              "Moby Dick=Melville,Dracula=Bram Stoker,Emma=Jane Austen,Oliver Twist=Dickens,"
              "Macbeth=Shakespeare,War and Peace=Tolstoy")),
    "young": Relation(
        ("What is a young {x} called?", "What do you call a young {x}?",
         "What is a baby {x} called?",
         "Name for a young {x}?", "What do you call a baby {x}?",
         "Tell me the word for a young {x}.",
         "How do you call a baby {x}?", "What is the name of a baby {x}?"),
        "The word for a young {x}?", "A young {x} is called a {y}.",
        pairs("dog=puppy,cat=kitten,cow=calf,sheep=lamb,horse=foal,duck=duckling,pig=piglet,"
              "bear=cub,goat=kid,frog=tadpole")),
}  # fmt: skip

DEFINE_FRAMES = (
    "What is {x}?",
    "Define {x}.",
    "Explain {x}.",
    "Tell me about {x}.",
    "Describe {x}.",
    "What does {x} mean?",
    "Can you explain {x}?",
    "What do you know about {x}?",
    "{x}?",
    "Give me a definition of {x}.",
    "Do you know what {x} is?",
    "I would like to know what {x} is.",
    "Can you tell me what {x} is?",
    "Explain to me what {x} is.",
    "How would you define {x}?",
    "What exactly is {x}?",
    "What is meant by {x}?",
    "Please explain what {x} is.",
    "Say something about {x}.",
    "Could you describe {x}?",
    "Teach me about {x}.",
)
DEFINITIONS = {
    "a volcano": "A volcano is an opening in the ground where hot melted rock comes out.",
    "rain": "Rain is water that falls from clouds in drops.",
    "snow": "Snow is frozen water that falls from clouds in soft white flakes.",
    "a rainbow": "A rainbow is an arc of colours that appears when sunlight meets raindrops.",
    "gravity":
        "Gravity is the force that pulls things toward each other. It keeps us on the ground.",
    "the sun":
        "The sun is the star at the centre of our solar system. It gives us light and warmth.",
    "the moon": "The moon is a ball of rock that circles the Earth about once a month.",
    "a planet": "A planet is a large round body that circles a star.",
    "a star": "A star is a huge ball of hot gas that shines with its own light.",
    "an atom": "An atom is the smallest piece of an element. All things are made of atoms.",
    "a computer": "A computer is a machine that follows instructions to work with information.",
    "a robot": "A robot is a machine that can do tasks by itself.",
    "water": "Water is a clear liquid that all living things need. Its formula is H2O.",
    "ice": "Ice is frozen water. It is cold, hard and lighter than liquid water.",
    "a cloud": "A cloud is a mass of tiny water drops that floats in the air.",
    "wind": "Wind is air that moves from one place to another.",
    "an island": "An island is land with water all around it.",
    "a desert": "A desert is a dry place where very little rain falls.",
    "a river": "A river is a long stream of water that flows toward the sea.",
    "the ocean": "The ocean is the salt water that covers most of the Earth.",
    "a tree": "A tree is a tall plant with a trunk of wood, branches and leaves.",
    "a mammal": "A mammal is an animal that feeds its young with milk.",
    "honey": "Honey is a sweet food that bees make from flowers.",
    "bread": "Bread is a food baked from flour, water and salt.",
    "a triangle": "A triangle is a shape with three sides and three corners.",
    "a circle": "A circle is a round shape. All its points are equally far from its centre.",
    "a language model": "A language model is a program that predicts the next piece of a text.",
    "a token": "A token is a small piece of text that a language model reads or writes.",
    "a prompt": "A prompt is the text that you give to a language model.",
    "JSON": "JSON is a simple text format for data, with names and values.",
    "YAML": "YAML is a text format for settings that is easy to read and write.",
    "Python": "Python is a popular programming language that is easy to read.",
    "MLX": "MLX is Apple's library for machine learning on Apple silicon.",
    "the Internet": "The Internet is a network that connects computers all over the world.",
    "temperature":
        "Temperature tells how hot or cold something is. "
        "For a model, it sets how random the answers are.",
    "a poem": "A poem is a short text that plays with the sound and rhythm of words.",
}  # fmt: skip
WHY_FRAMES = (
    "Why {q}?",
    "How come {s}?",
    "Explain why {s}.",
    "What is the reason that {s}?",
    "Tell me why {s}.",
    "Do you know why {s}?",
    "Can you explain why {s}?",
    "Why is it that {s}?",
    "What is the reason why {s}?",
    "I wonder why {s}.",
    "For what reason {q}?",
    "Why exactly {q}?",
    "Could you tell me why {s}?",
    "What makes it so that {s}?",
    "Why do you think {s}?",
)
WHYS = {
    ("is the sky blue", "the sky is blue"):
        "The air scatters blue light from the sun more than red light, so the sky looks blue.",
    ("is the grass green", "the grass is green"):
        "Grass contains chlorophyll, which takes in red and blue light and reflects green.",
    ("is the sea salty", "the sea is salty"):
        "Rivers wash salt out of the rocks and carry it into the sea.",
    ("is snow white", "snow is white"):
        "Snow crystals scatter all colours of light equally, and together they look white.",
    ("do leaves fall in autumn", "leaves fall in autumn"):
        "Trees drop their leaves to save water and energy in the cold months.",
    ("does ice float", "ice floats"):
        "Ice is less dense than liquid water, so it floats.",
    ("do we sleep", "we sleep"):
        "Sleep lets the body rest and the brain sort what it has learned.",
    ("is the sunset red", "the sunset is red"):
        "In the evening the light travels through more air, and mostly red light reaches us.",
    ("do birds fly south", "birds fly south"):
        "Many birds fly south in winter to find food and warmth.",
    ("does the moon shine", "the moon shines"):
        "The moon shines because it reflects the light of the sun.",
    ("do we have seasons", "we have seasons"):
        "The axis of the Earth is tilted, so each half gets more sun in one part of the year.",
    ("do cats purr", "cats purr"):
        "Cats mostly purr when they feel safe and content.",
}  # fmt: skip
SINGLES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("How many days a week has?", "A week has seven days.", "seven",
     ("How many days are in a week?", "How many days does a week have?",
      "Number of days in a week?",
      "How many days has a week?", "A week has how many days?", "Days in a week?",
      "Tell me how many days a week has.")),
    ("How many months a year has?", "A year has twelve months.", "twelve",
     ("How many months are in a year?", "How many months does a year have?", "Months in a year?",
      "Number of months in a year?", "How many months has a year?", "A year has how many months?",
      "Tell me how many months a year has.")),
    ("How many hours a day has?", "A day has 24 hours.", "24",
     ("How many hours are in a day?", "How many hours does a day have?", "Hours in a day?",
      "Number of hours in a day?", "How many hours has a day?", "A day has how many hours?")),
    ("How many minutes an hour has?", "An hour has 60 minutes.", "60",
     ("How many minutes are in an hour?", "How many minutes does an hour have?",
      "Minutes in an hour?",
      "Number of minutes in an hour?", "An hour has how many minutes?")),
    ("How many planets there are?", "There are eight planets in our solar system.", "eight",
     ("How many planets are there?", "How many planets are in the solar system?",
      "Number of planets?",
      "How many planets does the solar system have?", "How many planets circle the sun?",
      "Count the planets of the solar system.")),
    ("The largest planet?", "Jupiter is the largest planet in our solar system.", "Jupiter",
     ("What is the largest planet?", "Which planet is the largest?", "What is the biggest planet?",
      "Which planet is the biggest?", "Name the largest planet.", "The biggest planet?",
      "Tell me the largest planet in the solar system.")),
    ("The smallest planet?", "Mercury is the smallest planet in our solar system.", "Mercury",
     ("What is the smallest planet?", "Which planet is the smallest?", "Name the smallest planet.",
      "The smallest planet?", "Tell me the smallest planet in the solar system.")),
    ("The planet nearest to the sun?", "Mercury is the planet nearest to the sun.", "Mercury",
     ("Which planet is closest to the sun?", "Which planet is nearest to the sun?",
      "What is the planet nearest to the sun?", "Name the planet closest to the sun.",
      "What is the closest planet to the sun?")),
    ("The red planet?", "Mars is called the red planet.", "Mars",
     ("Which planet is red?", "Which planet is called the red planet?", "What is the red planet?",
      "Name the red planet.", "Which planet is known as the red planet?")),
    ("The highest mountain?", "Mount Everest is the highest mountain on Earth.", "Everest",
     ("What is the highest mountain?", "What is the tallest mountain?",
      "Name the highest mountain.",
      "Which mountain is the highest?", "Which mountain is the tallest?",
      "The highest mountain on Earth?",
      "Tell me the highest mountain in the world.")),
    ("The largest ocean?", "The Pacific is the largest ocean on Earth.", "Pacific",
     ("What is the largest ocean?", "Which ocean is the largest?", "What is the biggest ocean?",
      "Name the largest ocean.", "Which ocean is the biggest?", "The biggest ocean on Earth?")),
    ("The largest animal?", "The blue whale is the largest animal on Earth.", "whale",
     ("What is the largest animal?", "Which animal is the largest?", "What is the biggest animal?",
      "Name the largest animal.", "Which animal is the biggest?", "The biggest animal on Earth?")),
    ("The fastest land animal?", "The cheetah is the fastest animal on land.", "cheetah",
     ("What is the fastest animal?", "Which animal is the fastest?", "Name the fastest animal.",
      "What is the fastest land animal?", "Which animal runs fastest?")),
    ("The boiling point of water?", "Water boils at 100 degrees Celsius.", "100",
     ("At what temperature does water boil?", "When does water boil?",
      "What is the boiling point of water?",
      "How hot is boiling water?", "Boiling point of water?", "Tell me when water boils.")),
    ("The freezing point of water?", "Water freezes at 0 degrees Celsius.", "0",
     ("At what temperature does water freeze?", "When does water freeze?",
      "What is the freezing point of water?", "Freezing point of water?",
      "Tell me when water freezes.")),
    ("The speed of light?", "Light travels at about 300,000 kilometres per second.", "fast",
     ("How fast is light?", "What is the speed of light?", "Speed of light?",
      "How fast does light travel?",
      "Tell me the speed of light.")),
    ("The first person on the moon?", "Neil Armstrong was the first person on the moon, in 1969.",
     "Armstrong",
     ("Who was the first person on the moon?", "Who was the first man on the moon?",
      "Who first walked on the moon?", "Name the first man on the moon.",
      "Who landed on the moon first?")),
    ("The painter of the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa.", "Leonardo",
     ("Who painted the Mona Lisa?", "Who is the painter of the Mona Lisa?",
      "Name the painter of the Mona Lisa.",
      "The Mona Lisa was painted by whom?", "Who made the Mona Lisa?")),
    ("The number of continents?", "There are seven continents.", "seven",
     ("How many continents are there?", "Number of continents?",
      "How many continents does the Earth have?",
      "Tell me how many continents there are.", "How many continents exist?")),
)  # fmt: skip


def short_facts() -> list[Fact]:
    """Facts whose answer is one word or name."""
    related = [fact for relation in RELATIONS.values() for fact in relation.facts()]
    single = [Fact({}, frames, gist, answer, short) for gist, answer, short, frames in SINGLES]
    return related + single


def long_facts() -> list[Fact]:
    defined = [
        Fact({"x": term}, DEFINE_FRAMES, f"The meaning of {term}?", text, "")
        for term, text in DEFINITIONS.items()
    ]
    reasons = [Fact({"q": q, "s": s}, WHY_FRAMES, f"Why {q}?", text, "") for (q, s), text in WHYS.items()]
    return defined + reasons


SHORT, LONG = short_facts(), long_facts()
CAPITALS = RELATIONS["capital"].facts()
SINGLE = [fact for fact in SHORT if not fact.slots]


def pick(rng: Random) -> Fact:
    """A fact, each relation's table the capitals and the single facts more often."""
    draw = rng.random()
    if draw < 0.4:
        return rng.choice(LONG)
    if draw < 0.5:
        return rng.choice(CAPITALS)
    return rng.choice(SINGLE if draw < 0.62 else SHORT)


def question(fact: Fact, phrasing: Phrasing, rng: Random) -> str:
    slots = dict(fact.slots)
    if rng.random() < 0.2 and not phrasing.plain:
        slots = {name: value.lower() for name, value in slots.items()}
    text = phrasing.say(fact.frames, rng, **slots)
    return text[0].upper() + text[1:] if rng.random() < 0.5 else text


def make(phrasing: Phrasing, rng: Random) -> Dialogue:
    fact = pick(rng)
    return ask("facts", question(fact, phrasing, rng), fact.gist, KNOWN, fact.answer)
