"""Calls written as Python: without keywords, with text behind them, and in Llama 4's frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.requests import GenerationRequest, Tool
from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.python_calls import PythonCalls
from tests.text.families import SUM, TOOLS
from tests.text.folders import ADD, CHATML, HELLO, WEATHER, decode, load_text, write_folder

CONTEXT = ReaderContext((WEATHER, ADD, Tool("ping", "")))


def read(text: str, size: int) -> list[CallItem]:
    reader = PythonCalls(CONTEXT)
    items = [item for start in range(0, len(text), size) for item in reader.feed(text[start : start + size])]
    return items + reader.finish(complete=True)


def calls(items: list[CallItem]) -> list[str]:
    said = []
    for item in items:
        match item:
            case CallOpened():
                said.append(item.name)
            case CallArguments() | NoCall():
                said[-1:] = [said[-1] + item.text] if said else [item.text]
            case CallClosed():
                said[-1] += "!" if item.problem else "."
    return said


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[get_weather('Paris', 3)]", ['get_weather{"city": "Paris", "days": 3}.']),
        ("[add(1, b=2)]", ['add{"a": 1, "b": 2}.']),
        ("[add(b=2, 1)]", ['add{"b": 2, "a": 1}.']),
        ("[get_weather(None)]", ['get_weather{"city": null}.']),
        ("[get_weather(x == y)]", ['get_weather{"city": "x == y"}.']),
        ("[add([1, 2], {'x': 3}), ping()]", ['add{"a": [1, 2], "b": {"x": 3}}.', "ping{}."]),
        ("[add(1, 2, 3)]", ['add{"a": 1, "b": 2!']),
        ("[update(1)]", ["[update(1)]"]),
        ("[ping(1)]", ["[ping(1)]"]),
    ],
)
def test_arguments_without_names_are_the_parameters_in_their_order(
    text: str, expected: list[str], size: int
) -> None:
    assert calls(read(text, size)) == expected


@pytest.mark.parametrize("sizes", [(), (1,), (3,)])
@pytest.mark.parametrize(
    ("output", "blocks"),
    [
        ("[add(a=1, b=2)] That is it: [3]", [SUM, ("text", None, "That is it: [3]")]),
        ("[add(a=1, b=2)]\n\nDone, [add(a=1, b=2)]", [SUM, ("text", None, "Done, [add(a=1, b=2)]")]),
        (
            "So <|python_start|>[add(a=1, b=2)]<|python_end|> it is.",
            [("text", None, "So"), SUM, ("text", None, "it is.")],
        ),
    ],
)
def test_a_list_ends_where_its_bracket_closes(
    tmp_path: Path, output: str, blocks: list[tuple[str, str | None, str]], sizes: tuple[int, ...]
) -> None:
    template = "{#- [func_name1(params) #}" + TOOLS + CHATML
    text = load_text(
        write_folder(tmp_path, template=template, special=("<|python_start|>", "<|python_end|>"))
    )
    request = GenerationRequest(messages=HELLO, tools=(WEATHER, ADD))
    assert decode(text, text.encode(output), request, sizes=sizes).blocks == blocks
