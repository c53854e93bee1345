"""Whatever the body, parsing it gives a request or a `RequestError` that names a field as text."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxk.errors import RequestError
from mlxk.protocols import CONVERSATIONS, DIALECTS
from mlxk.protocols.anthropic.messages import MessagesBody
from mlxk.protocols.base import ParsedRequest
from mlxk.protocols.decoding import MAX_DEPTH, decode
from mlxk.protocols.ollama.chat import ChatBody as OllamaChatBody
from mlxk.protocols.ollama.generate import GenerateBody
from mlxk.protocols.openai.chat import ChatBody
from mlxk.protocols.openai.completions import CompletionsBody
from mlxk.protocols.openai.responses.body import ResponsesBody
from tests.protocols.responses import Kept

words = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "user",
        "assistant",
        "tool",
        "function",
        "name",
        "auto",
        "json_schema",
        "<user>",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
numbers = st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False, allow_infinity=False)
values_of_json = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
fields = {
    name
    for body in (ChatBody, CompletionsBody, MessagesBody, ResponsesBody, OllamaChatBody, GenerateBody)
    for name in body.model_fields
}
ENDPOINTS = {**DIALECTS, **CONVERSATIONS}
names = st.sampled_from(sorted(fields)) | st.text(max_size=4)
USER = {"role": "user", "content": "hi"}
GOOD: dict[str, dict[str, object]] = {
    "openai.chat": {"messages": [USER]},
    "openai.completions": {"prompt": "hi"},
    "openai.responses": {"input": "hi"},
    "anthropic.messages": {"model": "m", "max_tokens": 1, "messages": [USER]},
    "ollama.chat": {"messages": [USER]},
    "ollama.generate": {"prompt": "hi"},
}


def attempt(dialect: str, body: dict[str, object]) -> None:
    outcome = parse(dialect, body)
    if isinstance(outcome, RequestError):
        assert outcome.message
        assert outcome.param is None or isinstance(outcome.param, str)
        msgspec.json.encode(ENDPOINTS[dialect].error_body(outcome))
    else:
        assert outcome.generations or dialect.startswith("ollama")


def parse(dialect: str, body: dict[str, object]) -> ParsedRequest | RequestError:
    try:
        if dialect in CONVERSATIONS:
            return CONVERSATIONS[dialect].parse(body, Kept())
        return DIALECTS[dialect].parse(body)
    except RequestError as error:
        return error


@settings(max_examples=400, deadline=None)
@given(dialect=st.sampled_from(sorted(GOOD)), body=st.dictionaries(names, values, max_size=5))
def test_any_body(dialect: str, body: dict[str, object]) -> None:
    attempt(dialect, body)


@settings(max_examples=400, deadline=None)
@given(dialect=st.sampled_from(sorted(GOOD)), name=names, value=values)
def test_a_good_body_with_one_odd_field(dialect: str, name: str, value: object) -> None:
    attempt(dialect, {**GOOD[dialect], name: value})


@settings(max_examples=200, deadline=None)
@given(value=values)
def test_any_message(value: object) -> None:
    for dialect in ("openai.chat", "anthropic.messages", "ollama.chat"):
        attempt(dialect, {**GOOD[dialect], "messages": [value]})
        for role in ("user", "assistant"):
            attempt(dialect, {**GOOD[dialect], "messages": [{"role": role, "content": value}]})
            attempt(dialect, {**GOOD[dialect], "messages": [{"role": role, "content": [value]}]})


@settings(max_examples=200, deadline=None)
@given(
    value=values, kind=st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call_output"])
)
def test_any_item(value: object, kind: str) -> None:
    item = {"type": kind, "role": "user", "call_id": "c", "name": "f", "content": value, "output": value}
    attempt("openai.responses", {"input": [value]})
    attempt("openai.responses", {"input": [item]})


@given(data=st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(data: bytes) -> None:
    try:
        said = decode(data)
    except RequestError as error:
        said = error.message
    assert isinstance(said, dict) or said.startswith("The body")


def test_depth() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    decode(nested(MAX_DEPTH))
    with pytest.raises(RequestError, match="nested"):
        decode(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc00\\ud800x"', '"\\ud83dx and more text after it"'])
def test_lone_surrogates_are_not_text(text: str) -> None:
    with pytest.raises(RequestError, match="not valid JSON"):
        decode(f'{{"a": {text}}}'.encode())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"b": [{"c": {"a": 1, "b": 2, "a": 3}}]}', "a"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"": 1, "": 2}', ""),
        ('{"a": {"b": 1, "b": 2}, "a": null}', "b"),
    ],
)
def test_a_key_stands_once(text: str, key: str) -> None:
    with pytest.raises(RequestError) as caught:
        decode(text.encode())
    assert (caught.value.message, caught.value.param) == (f"The key '{key}' stands twice in one object.", key)


@given(
    said=st.dictionaries(st.text(), values_of_json, max_size=4),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_other_bodies_are_what_they_were(
    said: dict[str, object], indent: int | None, ascii_only: bool
) -> None:
    assert decode(json.dumps(said, indent=indent, ensure_ascii=ascii_only).encode()) == said
