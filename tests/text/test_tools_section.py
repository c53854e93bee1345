"""The profile's `tools` section: formats by name, own markers, and calls within reasoning."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from mlxk.config.schema import ToolFormatName
from mlxk.requests import GenerationRequest
from mlxk.text.tools.table import TABLE, named
from tests.text.families import BOTH, HARMONY, HARMONY_TOKENS, PARIS, QWEN, QWEN_TOKENS, SUM, TOOLS
from tests.text.folders import CHATML, HELLO, decode, load_text, write_folder

REQUEST_PLAIN = GenerationRequest(messages=HELLO)
REQUEST = GenerationRequest(messages=HELLO, tools=BOTH)
ADD_CALL = '{"name": "add", "arguments": {"a": 1, "b": 2}}'


def say(path: Path, output: str, **profile: object) -> list[tuple[str, str | None, str]]:
    text = load_text(path, **profile)
    return decode(text, text.encode(output), REQUEST).blocks


def test_names_are_those_of_the_table() -> None:
    names = {row.formats[0].name for row in TABLE}
    assert set(get_args(ToolFormatName)) == names | {"json", "none"}
    for name in get_args(ToolFormatName):
        assert name == "none" or named(name)[0].name == name


def test_a_format_by_name(tmp_path: Path) -> None:
    path = write_folder(tmp_path, template=TOOLS + CHATML)
    output = '[TOOL_CALLS][{"name": "add", "arguments": {"a": 1, "b": 2}}]'
    assert say(path, output) == [("text", None, output)]
    assert say(path, output, tools={"format": "mistral"}) == [SUM]
    assert say(path, ADD_CALL, tools={"format": "none"}) == [("text", None, ADD_CALL)]


@pytest.mark.parametrize(
    "body", [ADD_CALL, "<function=add><parameter=a>1</parameter><parameter=b>2</parameter></function>"]
)
def test_own_markers(tmp_path: Path, body: str) -> None:
    path = write_folder(tmp_path, template=TOOLS + CHATML)
    markers = [{"start": "<<do ", "end": " done>>"}]
    assert say(path, f"Hi <<do {body} done>>", tools={"markers": markers}) == [("text", None, "Hi"), SUM]


def test_calls_in_reasoning_are_calls_or_thoughts(tmp_path: Path) -> None:
    path = write_folder(tmp_path, template=QWEN, added=QWEN_TOKENS)
    call = f"<tool_call>{ADD_CALL}</tool_call>"
    output = f"<think>hm {call}</think>{call}"
    assert say(path, output) == [("reasoning", None, "hm"), SUM, SUM]
    blocks = say(path, output, tools={"in_reasoning": "text"})
    assert [kind for kind, _, _ in blocks] == ["reasoning", "tool_call"]
    assert ADD_CALL in blocks[0][2]


def test_a_call_in_harmonys_analysis(tmp_path: Path) -> None:
    path = write_folder(tmp_path, template=HARMONY, special=HARMONY_TOKENS)
    for output in (
        '<|channel|>analysis to=functions.get_weather code<|message|>{"city": "Paris"}<|call|>',
        ' to=functions.get_weather<|channel|>analysis code<|message|>{"city": "Paris"}<|call|>',
    ):
        assert say(path, output) == [PARIS]
        thought = [("reasoning", None, '{"city": "Paris"}')]
        assert say(path, output, tools={"in_reasoning": "text"}) == thought
    commentary = '<|channel|>commentary to=functions.get_weather<|message|>{"city": "Paris"}<|call|>'
    assert say(path, commentary, tools={"in_reasoning": "text"}) == [PARIS]


def test_a_budget_ends_a_thought_as_the_template_writes_it(tmp_path: Path) -> None:
    template = CHATML + "{%- if false %}{{- '<think>\\n' + x + '\\n</think>\\n\\n' }}{%- endif %}"
    text = load_text(write_folder(tmp_path, template=template))
    budget = text.reasoning_budget(text.render(REQUEST_PLAIN), 5)
    assert budget is not None
    assert text.decode(budget.end) == "\n</think>\n\n"
