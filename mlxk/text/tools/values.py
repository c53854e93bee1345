"""What a value that was written as text means: by its parameter's schema, or as it looks."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

_NOT = object()
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}
# JSON has no NaN and no infinity: such a value is an error here, and stays text.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_DIGITS = re.compile(r"[+-]?[0-9]{1,400}")
_UNIONS = ("anyOf", "oneOf", "allOf")


def escaped(text: str) -> str:
    """Text as it stands inside a JSON string; of pieces, joined, the same as of the whole."""
    return _ENCODER.encode(text)[1:-1]


def as_json(value: object) -> str:
    return _ENCODER.encode(value)


def converted(text: str, schema: Mapping[str, Any]) -> Any:
    """A value in the first of its schema's types that it can be read as; the text itself if in none."""
    types = types_of(schema)
    for name in ("null", "integer", "number", "boolean", "object", "array"):
        if name in types:
            value = _read(text.strip(), name)
            if value is not _NOT:
                return value
    return text if "string" in types else literal(text)


def literal(text: str) -> Any:
    """JSON, or a Python literal of the same kinds, or text."""
    try:
        value = json.loads(text, strict=False)
        as_json(value)
        return value
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(text.strip())
        as_json(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value


def types_of(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema names, directly, through its enum, or in a union."""
    declared = schema.get("type")
    types = (
        {declared} if isinstance(declared, str) else set(declared) if isinstance(declared, list) else set()
    )
    for value in schema.get("enum") or ():
        types.add(next((name for name, kinds in _CLASSES.items() if isinstance(value, kinds)), "string"))
    for union in _UNIONS:
        for part in schema.get(union) or ():
            if isinstance(part, Mapping):
                types |= types_of(part)
    return types


def container_of(schema: object) -> tuple[str, Mapping[str, Any]] | None:
    """`array` or `object`, whichever a schema allows first, and the part of it that says so."""
    if not isinstance(schema, Mapping):
        return None
    declared = schema.get("type")
    names = declared if isinstance(declared, list) else [declared]
    for name in ("array", "object"):
        if name in names:
            return name, schema
    if declared is None and "items" in schema:
        return "array", schema
    if declared is None and ("properties" in schema or "additionalProperties" in schema):
        return "object", schema
    parts = (part for union in _UNIONS for part in schema.get(union) or ())
    return next((found for part in parts if (found := container_of(part)) is not None), None)


def _read(text: str, name: str) -> Any:
    if name == "boolean":
        return {"true": True, "false": False}.get(text.lower(), _NOT)
    value = int(text) if name == "integer" and _DIGITS.fullmatch(text) else literal(text)
    if name == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, _CLASSES[name]) and not isinstance(value, bool) else _NOT
