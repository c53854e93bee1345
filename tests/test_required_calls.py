"""Required calls in every format that can be written: what a grammar allows, the decoder reads back."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from llguidance import LLMatcher, LLTokenizer

from mlxk.constraints import constrain
from mlxk.engine import grammar
from mlxk.errors import UnsupportedParameter
from mlxk.requests import GenerationRequest, NamedToolChoice, Tool, ToolChoice
from mlxk.text import TextModel
from mlxk.text.tools.table import TABLE
from mlxk.text.tools.written import WRITTEN, WrittenCalls
from tests.text.families import HARMONY, HARMONY_TOKENS
from tests.text.folders import CHATML, HELLO, Said, decode, load_text, write_folder

ORDER = Tool(
    "order",
    "Order something",
    {
        "type": "object",
        "properties": {
            "item": {"type": "string"},
            "size": {"type": "string", "enum": ["small", "large one"]},
            "count": {"type": "integer", "minimum": 1, "maximum": 99},
            "gift": {"type": "boolean"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]$"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "maxItems": 2},
        },
        "required": ["item", "count"],
        "additionalProperties": False,
        "$defs": {"tag": {"type": "string", "enum": ["a", "b"]}},
    },
)
NOW = Tool("now", "What time it is")
TOOLS = (ORDER, NOW)
WISHES: tuple[tuple[ToolChoice, bool | None], ...] = (
    ("required", None),
    ("required", None),
    ("required", False),
    (NamedToolChoice("order"), None),
    (NamedToolChoice("now"), None),
)
_TOKEN = re.compile(r"<[|｜][^<>]*?[|｜]>|<\|[a-z_]+>|<[a-z_]+\|>|\[[A-Z_]+\]|｜DSML｜|\[unused\d+\]")
CASES = [
    (name, index, tokens)
    for name, rows in WRITTEN.items()
    for index, (_, calls) in enumerate(rows)
    if calls is not None
    for tokens in (True, False)
    if name != "harmony" or tokens
]


def model_of(path: Path, name: str, marks: Sequence[str], calls: WrittenCalls, *, tokens: bool) -> TextModel:
    """A model that writes this way; `tokens`: with its delimiters as special tokens, or as plain text."""
    if name == "harmony":
        return load_text(write_folder(path, template=HARMONY, special=HARMONY_TOKENS))
    shown = "{%- if tools %}" + "".join(f"{{{{- {mark!r} }}}}" for mark in marks) + "{%- endif %}"
    shown += "".join(f"{{#- {mark} #}}" for mark in marks)
    style = calls.parameters
    written = " ".join(
        (calls.start, calls.call, calls.end, *((style.before, style.after, style.quote) if style else ()))
    )
    special = list(dict.fromkeys(_TOKEN.findall(written)))
    tags = list(dict.fromkeys(re.findall(r"</?(?:tool_call|arg_key|arg_value)>", written)))
    folder = write_folder(
        path,
        template=shown + CHATML,
        special=("<|im_start|>", "<|im_end|>", *(special if tokens else ())),
        added=tags if tokens else (),
    )
    return load_text(folder, tools={} if name == "gigachat" else {"format": name})


def speak(text: TextModel, path: Path, request: GenerationRequest, closers: Sequence[str], seed: int) -> Said:
    """What a model says that draws at random among the allowed tokens, and ends a text now and then."""
    prompt = text.render(request)
    constraint = constrain(text, prompt, request, None).constraint
    assert constraint is not None
    tokenizer = LLTokenizer((path / "tokenizer.json").read_text())
    end = tokenizer.eos_token
    matcher = LLMatcher(tokenizer, grammar.lark(constraint), log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    chance, ids, ends = random.Random(seed), [], [text.encode(closer) for closer in closers]
    while not matcher.is_stopped() and not (matcher.is_accepting() and chance.random() < 0.5):
        drawn = [
            ids_ for ids_ in ends if chance.random() < 0.3 and matcher.validate_tokens(ids_) == len(ids_)
        ]
        mask = bytearray(matcher.compute_bitmask())
        mask[end // 8] &= ~(1 << end % 8)
        allowed = [index for index in range(len(mask) * 8) if mask[index // 8] >> index % 8 & 1]
        taken = drawn[0] if drawn else [chance.choice(allowed)]
        assert matcher.consume_tokens(list(taken)), matcher.get_error()
        ids += taken
        assert len(ids) < 4000
    return decode(text, ids, request)


def closers_of(calls: WrittenCalls) -> list[str]:
    style = calls.parameters
    return [
        '"',
        *((style.quote + style.after, style.quote, style.after.lstrip(), style.after) if style else ()),
    ]


@pytest.mark.parametrize(("name", "row", "tokens"), CASES)
def test_what_is_allowed_is_read(tmp_path: Path, name: str, row: int, tokens: bool) -> None:
    marks, calls = WRITTEN[name][row]
    assert calls is not None
    text = model_of(tmp_path, name, marks, calls, tokens=tokens)
    closers = [closer for closer in closers_of(calls) if closer]
    schemas: dict[str | None, Any] = {tool.name: tool.parameters or {"maxProperties": 0} for tool in TOOLS}
    for seed, (choice, parallel) in enumerate(WISHES):
        request = GenerationRequest(
            messages=HELLO, tools=TOOLS, tool_choice=choice, parallel_tool_calls=parallel
        )
        said = speak(text, tmp_path, request, closers, seed)
        shown = [block for block in said.blocks if block[0] != "reasoning"]
        assert {kind for kind, _, _ in shown} == {"tool_call"}, said
        for _, called, arguments in shown:
            jsonschema.validate(json.loads(arguments), schemas[called])
            assert not isinstance(choice, NamedToolChoice) or called == choice.name
        assert len(shown) == 1 or (parallel is None and choice == "required" and calls.many)
        assert not said.warnings


def test_every_row_is_of_a_format() -> None:
    assert set(WRITTEN) <= {row.formats[0].name for row in TABLE} | {"json", "harmony"}


@pytest.mark.parametrize("name", ["minimax_m3", "mcp", "kimi_k3"])
def test_a_format_that_cannot_be_written_is_refused_by_name(tmp_path: Path, name: str) -> None:
    text = load_text(write_folder(tmp_path), tools={"format": name})
    request = GenerationRequest(messages=HELLO, tools=TOOLS, tool_choice="required")
    with pytest.raises(UnsupportedParameter, match=f"format '{name}'") as caught:
        constrain(text, text.render(request), request, None)
    assert caught.value.param == "tool_choice"


@pytest.mark.parametrize(
    ("schema", "what", "param"),
    [
        ({"properties": {"when": {"type": "string", "format": "date"}}}, "'format' of a string", "when"),
        ({"properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]}, "'anyOf' of a whole", ""),
    ],
)
def test_what_no_text_can_be_held_to_is_refused_with_its_place(
    tmp_path: Path, schema: dict[str, Any], what: str, param: str
) -> None:
    text = load_text(write_folder(tmp_path), tools={"format": "seed"})
    request = GenerationRequest(messages=HELLO, tools=(NOW, Tool("t", "", schema)), tool_choice="required")
    with pytest.raises(UnsupportedParameter, match=what) as caught:
        constrain(text, text.render(request), request, None)
    assert (caught.value.param or "").startswith("tools[1].function.parameters")
    assert (caught.value.param or "").endswith(param)
