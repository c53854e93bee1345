"""Delimiters, halves of them, JSON and prose through the whole decoder: nothing raises, leaks or is lost.

Seeded, so that a failure can be seen again. `FUZZ_CHARACTERS=1000000` makes it the long run.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mlxk.events import BlockDelta, Event
from mlxk.requests import GenerationRequest
from mlxk.text import TextModel
from mlxk.text.compiled import CompiledGrammar
from mlxk.text.grammar import Opened
from mlxk.text.scanner import Piece, Scan, Scanner, Switch
from tests.text.families import BOTH, FAMILIES, Family
from tests.text.folders import CHATML, HELLO, fold, load_text, write_folder

CHARACTERS = int(os.environ.get("FUZZ_CHARACTERS", "60000"))
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


def decoded(text: TextModel, request: GenerationRequest, ids: Sequence[int], portion: int) -> list[Event]:
    decoder = text.decoder(text.render(request), request)
    places = range(0, len(ids), portion)
    events = [event for place in places for event in decoder.feed(ids[place : place + portion])]
    return events + decoder.finish("length")


@pytest.mark.parametrize("family", PICKED, ids=lambda family: family.name)
def test_the_decoder_keeps_the_grammar_of_events(family: Family, load_family: LoadFamily) -> None:
    """Any tokens at all: well-formed events, the same for other portions, and never a surrogate."""
    text = load_family(family)
    chance = random.Random(family.name)
    request = GenerationRequest(messages=HELLO, tools=BOTH if "tools" in family.template else ())
    output = noise(text, chance, CHARACTERS // len(PICKED))
    ids = [index for index in text.encode(output) if index not in text.stop_token_ids]
    results = []
    for portion in (len(ids), 7, 1):
        events = decoded(text, request, ids, portion)
        assert not any(
            "\ud800" <= char <= "\udfff"
            for event in events
            if isinstance(event, BlockDelta)
            for char in event.text
        )
        results.append(fold(events))
    assert results[0] == results[1] == results[2]


SPANS = {
    "think tokens": ("<think>", "</think>"),
    "magistral": ("[THINK]", "[/THINK]"),
    "seed thinking": ("<seed:think>", "</seed:think>"),
    "longcat thinking": ("<longcat_think>", "</longcat_think>"),
}


@pytest.mark.parametrize("name", SPANS)
def test_what_is_said_is_the_output_without_its_delimiters(name: str, tmp_path: Path) -> None:
    """Against a second reading of the same text, which is whole and knows nothing of tokens."""
    start, end = SPANS[name]
    special = ("<|im_start|>", "<|im_end|>")
    path = write_folder(tmp_path, template=CHATML, special=special, added=(start, end))
    text = load_text(path)
    chance = random.Random(name)
    request = GenerationRequest(messages=HELLO)
    output = noise(text, chance, CHARACTERS // len(SPANS))
    ids = [index for index in text.encode(output) if index not in text.stop_token_ids]
    whole = text.tokenizer.decode(ids, skip_special=False)
    want = re.sub("|".join(map(re.escape, special)), "", without_delimiters(whole, start, end))
    for portion in (len(ids), 3):
        blocks = fold(decoded(text, request, ids, portion))
        said = "".join(shown for _, _, shown in blocks)
        # White space around what was thought is decoration.
        assert "".join(said.split()) == "".join(want.split())


def without_delimiters(output: str, start: str, end: str) -> str:
    kept, thinking, place = [], False, 0
    for found in re.finditer(f"{re.escape(start)}|{re.escape(end)}", output):
        kept.append(output[place : found.start()])
        place = found.end()
        if found.group() == start and thinking:
            kept.append(start)
        thinking = found.group() == start or (thinking and found.group() != end)
    return "".join([*kept, output[place:]])
