"""Raw material for slots: names, cities, things, and invented words that no list contains."""

from __future__ import annotations

from random import Random

NAMES = (
    "Ada Anna Alice Alan Alex Amara Ben Bob Carla Carol Charles Chen Clara Dan David Elena Emma Eve "
    "Felix Frank Grace Greta Hans Henry Hugo Ivan Jack James Jane John Jonas Kim Laura Lena Leo Linus "
    "Lisa Luis Maria Marie Max Maya Mia Noah Nora Olga Omar Oscar Paul Peter Priya Quentin Rosa Ruth "
    "Sam Sara Sophie Tom Victor Yuki Zoe"
).split()
"""The first names that the model can be expected to spell: few, so that each is frequent."""
CITIES = (
    "Paris London Berlin Rome Madrid Vienna Tokyo Oslo Cairo Lima Bern Prague Athens Dublin "
    "Lisbon Warsaw Budapest Munich Hamburg Cologne Zurich Geneva Milan Naples Barcelona Porto "
    "Lyon Boston Chicago Seattle Denver Austin Dallas Toronto Sydney Perth Delhi Mumbai Seoul "
    "Beijing Shanghai Bangkok Hanoi Nairobi Lagos Accra Tunis Dakar Bogota Quito Havana Moscow "
    "Kyiv Riga Tallinn Vilnius Helsinki Stockholm Copenhagen Brussels Amsterdam Kyoto Osaka "
    "Istanbul Ankara Dubai"
).split()
TWO_WORD_CITIES = (
    "New York",
    "San Francisco",
    "Los Angeles",
    "Buenos Aires",
    "Cape Town",
    "Mexico City",
    "Hong Kong",
    "Las Vegas",
    "Rio de Janeiro",
    "Tel Aviv",
    "St. Louis",
    "New Delhi",
)
TOPICS = (
    "quantum physics;the stock market;black holes;machine learning;the French Revolution;jazz;"
    "photosynthesis;inflation;tax law;the Roman Empire;chess openings;thermodynamics;Shakespeare;"
    "climate change;blockchain;Kubernetes;linear algebra;relativity;sourdough;yoga;football;"
    "opera;medieval history;vaccines;nutrition;the Cold War;string theory;genetics;politics;"
    "philosophy;Kant;economics;the human brain;dinosaurs;vikings;ancient Egypt;marketing;"
    "poetry;architecture;gardening;cooking;fashion;guitars;neural networks;databases;compilers;"
    "cryptography;operating systems;cloud computing;electric cars;nuclear power;solar panels;"
    "the housing market;mortgages;insurance;marathon training;sleep;meditation;cats and dogs;"
    "love;happiness;the meaning of life;consciousness;free will;justice;democracy;art;music theory;"
    "the Beatles;Mozart;Picasso;Star Wars;Harry Potter;The Lord of the Rings;video games;Minecraft;"
    "calculus;statistics;probability;number theory;graph theory;topology;chemistry;acids;metals;"
    "plastic;volcanoes of Iceland;earthquake insurance;hurricanes;tides;glaciers;deserts;"
    "coral reefs;penguins;sharks;bees;ants;wolves;horses;birds of prey;mushrooms;trees;"
    "flowers;soil;rivers;bridges;tunnels;ships;airplanes;rockets;satellites;telescopes;microscopes;lasers;magnets;"
    "batteries;transistors;semiconductors;the internet of things;email servers;DNS;TCP;HTTP;Rust;"
    "Haskell;Go;C++;JavaScript frameworks;React;Docker;git rebase;vim;emacs;Linux kernels;Windows;"
    "my homework;my taxes;my boss;my diet;my garden;my relationship;my career;my essay;my code"
).split(";")
LANGUAGES = (
    "Python JavaScript Rust Go Java Haskell Ruby Perl Swift Kotlin Scala Bash SQL C C++ PHP R Lua"
).split()
TONGUES = (
    "French German Spanish Italian Latin Greek Russian Chinese Japanese Korean Dutch Swedish "
    "Polish Turkish Arabic Hindi Finnish Danish Norwegian Portuguese Czech Hebrew Welsh"
).split()
NOUNS = (
    "apple book car dog door egg fish flower garden hat house idea key lamp lemon letter light "
    "map moon mountain music note orange paper park pencil phone piano plane river road rose "
    "school ship shoe song star stone street sun table tea ticket tower train tree water window "
    "wind world bread cheese coffee cup fork glass knife milk plate soup sugar bird cat cow duck "
    "fox goat horse lion mouse owl pig rabbit sheep snake tiger wolf blanket bottle box button "
    "candle carpet chair"
).split()
ADJECTIVES = (
    "big small red blue green yellow old new happy sad fast slow quiet loud warm cold soft hard "
    "bright dark long short tall tiny huge clever brave lazy gentle wild sweet bitter golden "
    "silver"
).split()
VERBS = "sings jumps sleeps runs waits smiles dances reads falls shines turns moves grows".split()

ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr kr pl pr sh sk sl sp st th tr".split()
VOWELS = "a e i o u a e i o ai ea oo ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "x", "nd", "rt", "st", "ck"]


def pseudo_word(rng: Random, syllables: int | None = None) -> str:
    """An invented, pronounceable word: what forces copying from the prompt instead of recall."""
    count = syllables or rng.choice((1, 2, 2, 2, 3))
    parts = (rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(count))
    return "".join(parts)


def proper_name(rng: Random) -> str:
    return rng.choice(NAMES)


def city(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.55:
        return rng.choice(CITIES)
    if draw < 0.65:
        return rng.choice(TWO_WORD_CITIES)
    if draw < 0.72:
        return rng.choice(CITIES).lower()
    return rng.choice(CITIES) if rng.random() < 0.8 else pseudo_word(rng).capitalize()


def number(rng: Random, digits: int = 4) -> str:
    return str(rng.randrange(10 ** rng.randint(1, digits)))


PHRASES = (
    "hello world;hello;hello there;good morning;good night;good evening;thank you;yes;no;maybe;ok;"
    "banana;one two three;a b c;I love you;I love MLX;I am here;the quick brown fox;to be or not to be;"
    "this is a test;test;ping;pong;apples and pears;black and white;cats and dogs;salt and pepper;"
    "once upon a time;the end;the cat sat on the mat;the sky is blue;it works;well done;hip hip hooray;"
    "nice to meet you;see you later;happy birthday;ready;yes please;no thanks;open the door;"
    "the sun is shining;I like tea;I like coffee;how are you;what a day;never give up"
).split(";")


def phrase(rng: Random) -> str:
    """One to five words to be copied, from a closed vocabulary."""
    draw = rng.random()
    adjective, noun, verb = rng.choice(ADJECTIVES), rng.choice(NOUNS), rng.choice(VERBS)
    if draw < 0.35:
        return rng.choice(PHRASES)
    if draw < 0.5:
        return rng.choice((noun, adjective, proper_name(rng)))
    if draw < 0.7:
        return f"{adjective} {noun}"
    if draw < 0.85:
        return f"the {adjective} {noun} {verb}"
    if draw < 0.93:
        return f"{proper_name(rng)} has a {adjective} {noun}"
    return " ".join(rng.choice(NOUNS) for _ in range(rng.randint(2, 3)))
