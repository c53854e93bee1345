"""Random JSON schemas of the kinds that people write, from a seeded source."""

from __future__ import annotations

from random import Random
from typing import Any

WORDS = ("name", "age", "größe", "tags", "a b", 'quo"te', "kind", "x", "items", "type")


def random_schema(source: Random, depth: int = 0) -> dict[str, Any]:
    """An object at the top, as structured output wants it; anything below."""
    makers = [_string, _integer, _number, _boolean, _enum, _nullable]
    if depth < 3:
        makers += [_object, _array, _any_of]
    return (_object if depth == 0 else source.choice(makers))(source, depth)


def _object(source: Random, depth: int) -> dict[str, Any]:
    names = source.sample(WORDS, source.randint(1, 3))
    return {
        "type": "object",
        "properties": {name: random_schema(source, depth + 1) for name in names},
        "required": [name for name in names if depth == 0 or source.random() < 0.7],
        "additionalProperties": False,
    }


def _array(source: Random, depth: int) -> dict[str, Any]:
    low = source.randint(0, 1)
    items = random_schema(source, depth + 1)
    return {"type": "array", "items": items, "minItems": low, "maxItems": low + source.randint(0, 2)}


def _any_of(source: Random, depth: int) -> dict[str, Any]:
    return {"anyOf": [random_schema(source, depth + 1) for _ in range(2)]}


def _string(source: Random, depth: int) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"maxLength": source.randint(1, 12)},
        {"minLength": 1, "maxLength": 4},
        {"pattern": "^[a-z]{2,5}$"},
        {"format": "date"},
    ]
    return {"type": "string", **source.choice(kinds)}


def _integer(source: Random, depth: int) -> dict[str, Any]:
    low = source.randint(-50, 50)
    return {"type": "integer", "minimum": low, "maximum": low + source.randint(0, 100)}


def _number(source: Random, depth: int) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "maximum": source.randint(1, 9)}


def _boolean(source: Random, depth: int) -> dict[str, Any]:
    return {"type": "boolean"}


def _enum(source: Random, depth: int) -> dict[str, Any]:
    return {"enum": source.sample(["red", "grün", 1, 2.5, None, True, '"'], 3)}


def _nullable(source: Random, depth: int) -> dict[str, Any]:
    return {"type": [source.choice(["string", "integer"]), "null"]}
