"""Calls arrive while they are written: the name first, then text as it comes, other values as they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxk.events import BlockDelta, BlockStart
from mlxk.requests import GenerationRequest, Tool
from mlxk.text import TextModel
from tests.text.folders import CHATML, HELLO, load_text, write_folder

NOTE = Tool(
    "note",
    "Write a note",
    {"type": "object", "properties": {"n": {"type": "integer"}, "text": {"type": "string"}}},
)
REQUEST = GenerationRequest(messages=HELLO, tools=(NOTE,))
TEXT = 'def f():\n    return "a" < b & c\n' * 8
JSON = json.dumps({"n": 1, "text": TEXT})
M3 = "]<]minimax[>["
SPECIAL = ("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>")
# Format, marks of the template, a call that writes TEXT, and whether the text streams.
CASES = [
    ("hermes", "<tool_call>", f'<tool_call>{{"name": "note", "arguments": {JSON}}}</tool_call>', True),
    (
        "qwen3-coder",
        "<tool_call><function=",
        f"<tool_call><function=note><parameter=n>\n1\n</parameter><parameter=text>\n{TEXT}\n</parameter>"
        "</function></tool_call>",
        True,
    ),
    (
        "glm",
        "<tool_call><arg_key>",
        f"<tool_call>note<arg_key>n</arg_key><arg_value>1</arg_value><arg_key>text</arg_key><arg_value>{TEXT}"
        "</arg_value></tool_call>",
        True,
    ),
    (
        "minimax",
        "<minimax:tool_call>",
        '<minimax:tool_call><invoke name="note"><parameter name="n">1</parameter>'
        f'<parameter name="text">{TEXT}</parameter></invoke></minimax:tool_call>',
        True,
    ),
    (
        "muse",
        "<atem:function_calls>",
        '<atem:function_calls><atem:invoke name="note"><atem:parameter name="n">1</atem:parameter>'
        f'<atem:parameter name="text">{TEXT}</atem:parameter></atem:invoke></atem:function_calls>',
        True,
    ),
    (
        "dsml",
        "｜DSML｜",
        '<｜DSML｜tool_calls><｜DSML｜invoke name="note"><｜DSML｜parameter name="n" string="false">1'
        f'</｜DSML｜parameter><｜DSML｜parameter name="text" string="true">{TEXT}</｜DSML｜parameter>'
        "</｜DSML｜invoke></｜DSML｜tool_calls>",
        True,
    ),
    (
        "minicpm5",
        '<function name="<param name="',
        '<function name="note"><param name="n">1</param>'
        f'<param name="text"><![CDATA[{TEXT}]]></param></function>',
        True,
    ),
    (
        "kimi k3",
        "",
        '<|open|>tools<|sep|><|open|>call tool="note" index="1"<|sep|><|open|>argument key="n" type="number"'
        '<|sep|>1<|close|>argument<|sep|><|open|>argument key="text" type="string"<|sep|>'
        f"{TEXT}<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
        True,
    ),
    (
        "gemma 4",
        "<|tool_call><tool_call|>",
        f'<|tool_call>call:note{{n:1,text:<|"|>{TEXT}<|"|>}}<tool_call|>',
        True,
    ),
    (
        "mistral",
        "[TOOL_CALLS]",
        f"[TOOL_CALLS]note[ARGS]{JSON}",
        True,
    ),
    ("llama 4", "[func_name1(", f"[note(n=1, text={TEXT!r})]", False),
    (
        "minimax m3",
        M3,
        f'{M3}<tool_call>{M3}<invoke name="note">{M3}<n>1{M3}</n>{M3}<text>{TEXT}{M3}</text>{M3}</invoke>'
        f"{M3}</tool_call>",
        False,
    ),
]


def model(path: Path, marks: str) -> TextModel:
    template = "{%- if tools %}" + marks + "{{ tools | tojson }}{%- endif %}" + CHATML
    return load_text(write_folder(path, template=template, special=SPECIAL if not marks else ()))


@pytest.mark.parametrize(
    ("marks", "output", "streams"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_name_comes_first_and_text_as_it_is_written(
    tmp_path: Path, marks: str, output: str, streams: bool
) -> None:
    text = model(tmp_path, marks)
    decoder = text.decoder(text.render(REQUEST), REQUEST)
    ids = text.encode(output)
    arguments, named, sizes = "", None, []
    for place, token in enumerate(ids):
        for event in decoder.feed([token]):
            if isinstance(event, BlockStart):
                assert (event.kind, event.name) == ("tool_call", "note")
                named = place
            elif isinstance(event, BlockDelta):
                assert named is not None
                arguments += event.text
                sizes.append(len(event.text))
    rest = decoder.finish("stop")
    arguments += "".join(event.text for event in rest if isinstance(event, BlockDelta))
    assert json.loads(arguments) == {"n": 1, "text": TEXT}
    assert named is not None
    assert named < len(ids) / 3
    # No piece is longer than a few tokens, where the format lets text through.
    assert (max(sizes) < 60) is streams
    assert not decoder.warnings


def test_an_answer_in_json_does_not_wait(tmp_path: Path) -> None:
    """Models that may call in bare JSON answer in it too: what cannot be a call is shown at once."""
    text = model(tmp_path, "[no marks at all]")
    decoder = text.decoder(text.render(REQUEST), REQUEST)
    events = decoder.feed(text.encode('{"city": "Paris'))
    assert "".join(event.text for event in events if isinstance(event, BlockDelta)) == '{"city": "Paris'
