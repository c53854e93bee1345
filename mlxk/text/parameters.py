"""What a tool's schema says of its parameters, one by one, for formats that write them so.

Strings stand as text in such formats: of their schema, what a regular expression can hold is enforced, and
anything else is refused with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlxk.errors import UnsupportedParameter
from mlxk.requests import Tool
from mlxk.text.tools.values import types_of

# What a schema of parameters may say beside its properties without changing what is valid.
_WHOLE = {"type", "properties", "required", "additionalProperties", "title", "description", "examples"}
_DEFINITIONS = ("$defs", "definitions")
_STRING = {"type", "enum", "const", "pattern", "minLength", "maxLength"}
_TOLD = {"title", "description", "examples", "default", "nullable", "deprecated"}
ANY = r"(.|\n)"


def arguments_schema(tool: Tool) -> dict[str, object]:
    """Arguments are always an object; that of a tool without parameters is empty."""
    if not tool.parameters:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return {"type": "object", **tool.parameters}


def parameters_of(tool: Tool, param: str) -> dict[str, tuple[Mapping[str, Any], bool]]:
    """Each parameter's schema, with the definitions that it may refer to, and whether it is required."""
    whole = tool.parameters
    if odd := next(
        (key for key in whole if key not in _WHOLE and not key.startswith("$") and key not in _DEFINITIONS),
        None,
    ):
        raise _refused(f"{odd!r} of a whole object", param)
    shared = {key: whole[key] for key in _DEFINITIONS if key in whole}
    properties, required = whole.get("properties") or {}, tuple(whole.get("required") or ())
    keys = dict.fromkeys((*properties, *required))
    return {
        key: ({**shared, **schema} if isinstance(schema, Mapping) else shared, key in required)
        for key, schema in ((key, properties.get(key, {})) for key in keys)
    }


def without_strings(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a schema that is no string: those stand as text beside it."""
    others = sorted(types_of(schema) - {"string"})
    return {"allOf": [schema, {"type": others}]} if others and "string" in types_of(schema) else schema


def listed_strings(schema: Mapping[str, Any]) -> list[str] | None:
    """The strings that a schema lists, if it lists any."""
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if listed is None else [value for value in listed if isinstance(value, str)]


def text_pattern(schema: Mapping[str, Any], place: str) -> str:
    """A regular expression for the strings of a schema that stand as text."""
    if types_of(schema) != {"string"}:
        return f"{ANY}*"
    odd = next((k for k in schema if k not in _STRING | _TOLD and k not in _DEFINITIONS), None)
    sizes = "minLength" in schema or "maxLength" in schema
    if odd is not None or ("pattern" in schema and sizes):
        raise _refused(f"{odd or 'pattern'!r} of a string", place)
    if (pattern := schema.get("pattern")) is not None:
        start = "" if pattern.startswith("^") else f"{ANY}*"
        end = "" if pattern.endswith("$") else f"{ANY}*"
        return f"{start}({pattern.removeprefix('^').removesuffix('$')}){end}".replace("/", r"\/")
    least, most = schema.get("minLength", 0), schema.get("maxLength", "")
    return f"{ANY}{{{least},{most}}}" if sizes else f"{ANY}*"


def _refused(what: str, param: str) -> UnsupportedParameter:
    return UnsupportedParameter(
        f"{what} cannot be enforced in this model's tool-call format, which writes arguments one by one",
        hint="leave it out of the schema, or use tool_choice auto",
        param=param,
    )
