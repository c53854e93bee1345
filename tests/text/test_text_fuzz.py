"""A million characters of delimiters, halves of delimiters, JSON and prose: nothing raises, leaks or is lost.

Seeded, so that a failure can be seen again.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mlxk.events import BlockDelta
from mlxk.requests import GenerationRequest
from mlxk.text import TextModel
from mlxk.text.grammar import Opened
from mlxk.text.scanner import CompiledGrammar, Piece, Scan, Scanner, Switch
from tests.text.families import BOTH, FAMILIES, Family
from tests.text.folders import HELLO, fold

CHARACTERS = 1_000_000
WORDS = (
    "a",
    " ",
    "\n",
    "{",
    "}",
    '"',
    '{"name": "add", "arguments": ',
    "<",
    "|",
    ">",
    "[",
    "]",
    "世界",
    "🎉",
    "é",
)
PICKED = [
    family
    for family in FAMILIES
    if family.name
    in ("harmony usual", "think tokens", "hermes tokens", "magistral", "glm", "gemma 4", "mistral, a list")
]
LoadFamily = Callable[[Family], TextModel]


def noise(text: TextModel, chance: random.Random, size: int) -> str:
    delimiters = sorted(text.grammar.delimiters)
    parts: list[str] = []
    length = 0
    while length < size:
        word = chance.choice(WORDS if chance.random() < 0.7 else delimiters)
        part = word if chance.random() < 0.8 else word[: chance.randrange(len(word) + 1)]
        parts.append(part)
        length += len(part)
    return "".join(parts)


@pytest.mark.parametrize("family", PICKED, ids=lambda family: family.name)
def test_the_scanner_loses_nothing(family: Family, load_family: LoadFamily) -> None:
    text = load_family(family)
    chance = random.Random(family.name)
    output = noise(text, chance, CHARACTERS // len(PICKED))
    grammar = CompiledGrammar(text.grammar, str, str)
    scanner = Scanner(grammar, Opened(text.grammar.initial))
    kept: list[str] = []
    place = 0
    while place < len(output):
        size = chance.randrange(1, 40)
        kept += [scan_text(scan) for scan in scanner.feed(output[place : place + size])]
        place += size
    kept += [scan_text(scan) for scan in scanner.flush()]
    whole = "".join(kept)
    assert output.startswith(whole)
    # Only a header that never ended is not shown.
    assert len(whole) == len(output) or scanner.state.kind == "header"


def scan_text(scan: Scan) -> str:
    match scan:
        case Piece() | Switch():
            return scan.text


@pytest.mark.parametrize("family", PICKED, ids=lambda family: family.name)
def test_the_decoder_keeps_the_grammar_of_events(family: Family, load_family: LoadFamily) -> None:
    """Any tokens at all: well-formed events, the same for other portions, and never a surrogate."""
    text = load_family(family)
    chance = random.Random(family.name)
    request = GenerationRequest(messages=HELLO, tools=BOTH if "tools" in family.template else ())
    ids = [index for index in text.encode(noise(text, chance, 6000)) if index not in text.stop_token_ids]
    results = []
    for portion in (len(ids), 7, 1):
        decoder = text.decoder(text.render(request), request)
        events = [
            event
            for place in range(0, len(ids), portion)
            for event in decoder.feed(ids[place : place + portion])
        ]
        events += decoder.finish("length")
        assert not any(
            "\ud800" <= char <= "\udfff"
            for event in events
            if isinstance(event, BlockDelta)
            for char in event.text
        )
        results.append(fold(events))
    assert results[0] == results[1] == results[2]
