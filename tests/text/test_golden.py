"""Recorded outputs of model families in `golden/`: whole, in any portions, at every split, and cut short."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlxk.requests import GenerationRequest, Tool
from mlxk.text import TextModel
from tests.text.folders import ADD, HELLO, WEATHER, decode, load_text, write_folder

NOTE = Tool(
    "note",
    "Write a note",
    {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "tags": {"type": "array"},
            "meta": {"type": "object"},
            "flag": {"type": "boolean"},
            "ratio": {"type": "number"},
        },
    },
)
REQUEST = GenerationRequest(messages=HELLO, tools=(WEATHER, ADD, NOTE))
RECORDS = {
    file.stem: json.loads(file.read_text())
    for file in sorted((Path(__file__).parent / "golden").glob("*.json"))
}
CASES = [(family, case["name"]) for family, record in RECORDS.items() for case in record["cases"]]
# A call in reasoning leaves a gap in it, and half the name of Gemma's channel is a thought.
UNTRACEABLE = ("[TOOL_CALLS]", "<|tool_call_begin|>", "<|channel>")
Load = Callable[[str], TextModel]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    models: dict[str, TextModel] = {}

    def text_of(family: str) -> TextModel:
        if family not in models:
            record = RECORDS[family]
            path = write_folder(
                tmp_path_factory.mktemp("golden"),
                template=record["template"],
                special=record["special"],
                added=record["added"],
            )
            models[family] = load_text(path)
        return models[family]

    return text_of


def case_of(family: str, name: str) -> dict[str, Any]:
    return next(case for case in RECORDS[family]["cases"] if case["name"] == name)


@pytest.mark.parametrize(("family", "name"), CASES)
def test_recorded(load: Load, family: str, name: str) -> None:
    text, case = load(family), case_of(family, name)
    ids = text.encode(case["output"])
    said = decode(text, ids, REQUEST, reason=case.get("reason", "stop"))
    assert [list(block) for block in said.blocks] == case["blocks"]
    assert bool(said.warnings) is case.get("warned", False)
    for size in (1, 3):
        again = decode(text, ids, REQUEST, sizes=(size,), reason=case.get("reason", "stop"))
        assert again == said
    for place in range(1, len(ids)):
        assert decode(text, ids, REQUEST, sizes=(place, len(ids)), reason=case.get("reason", "stop")) == said


@pytest.mark.parametrize(("family", "name"), CASES)
def test_cut_anywhere_the_thought_is_a_beginning_of_the_whole(load: Load, family: str, name: str) -> None:
    """A cut never raises, and what is shown as reasoning so far is how the whole one begins."""
    text, case = load(family), case_of(family, name)
    ids = text.encode(case["output"])
    whole = "".join(shown for kind, _, shown in case["blocks"] if kind == "reasoning")
    for place in range(len(ids)):
        said = decode(text, ids[:place], REQUEST, reason="length")
        so_far = "".join(shown for kind, _, shown in said.blocks if kind == "reasoning")
        if not any(mark in case["output"] for mark in UNTRACEABLE):
            assert whole.startswith(so_far.rstrip("\ufffd")) or so_far.startswith(whole)
