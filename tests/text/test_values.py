"""What a value that was written as text means, and that it is JSON in the end."""

from __future__ import annotations

import json

import pytest

from mlxk.text.tools.python_calls import python_value
from mlxk.text.tools.values import as_json, converted, literal


@pytest.mark.parametrize(
    ("types", "text", "value"),
    [
        (["integer"], "007", 7),
        (["integer"], "-100", -100),
        (["integer"], "+5", 5),
        (["integer"], "1e2", 100),
        (["integer"], "not-a-number", "not-a-number"),
        (["integer", "null"], "null", None),
        (["number"], "1.5e-3", 0.0015),
        (["number"], "3.14.159", "3.14.159"),
        (["number"], "NaN", "NaN"),
        (["number"], "-Infinity", "-Infinity"),
        (["number"], "1e999", "1e999"),
        (["array"], "[1, NaN]", "[1, NaN]"),
        (["array"], "['a', True]", ["a", True]),
        (["array"], "[1, 2, unclosed", "[1, 2, unclosed"),
        (["boolean"], "FALSE", False),
        (["string", "boolean"], "false", False),
        (["boolean", "string"], "yes", "yes"),
        (["string"], "12", "12"),
    ],
)
def test_a_value_is_read_by_its_types(types: list[str], text: str, value: object) -> None:
    found = converted(text, {"type": types})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "[1, -1e999]", '{"a": NaN}', "nan"])
def test_numbers_that_json_does_not_have_stay_text(text: str) -> None:
    for value in (literal(text), python_value(text)):
        json.loads(as_json(value), parse_constant=pytest.fail)
        assert value == text


def test_what_no_reader_can_hold_stays_text() -> None:
    for text in ("[" * 100_000, "9" * 5000 + "x"):
        assert converted(text, {"type": "array"}) == text
        assert converted(text, {"type": "integer"}) == text
