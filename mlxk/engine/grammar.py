"""Constraints as llguidance grammars, and what is wrong with one in words that name its place.

A grammar is Lark text in llguidance's dialect: https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
JSON comes without free white space, so that no model can spend its budget on blanks; after commas and colons
stands one space, as chat templates and most training data have it. A schema keyword that llguidance does not
implement is an error, never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from mlxk.engine.base import (
    Constraint,
    FramedConstraint,
    JsonSchemaConstraint,
    LarkConstraint,
    RegexConstraint,
)
from mlxk.errors import RequestError, UnsupportedParameter

_JSON_OPTIONS = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": False,
    "coerce_one_of": False,
}
_UNIMPLEMENTED = re.compile(r"Unimplemented keys: (\[.*?\])")
# Messages about values of keywords that are implemented for other values.
_PARTLY = (
    (re.compile(r"Unknown format: \S+"), "format"),
    (re.compile(r"oneOf constraints are not supported"), "oneOf"),
)
_REGEX_HINT = "the syntax is that of Rust's regex crate: no look-around, no back-references"
_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")


def lark(constraint: Constraint | FramedConstraint) -> str:
    """The whole grammar; raises `RequestError` for what is no JSON schema, or no Lark, at all."""
    if not isinstance(constraint, FramedConstraint):
        return f"start: answer\n{_rule('answer', constraint)}"
    rules = (_rule(name, part) for name, part in constraint.parts.items())
    return "\n".join((constraint.frame, *rules))


def explain(constraint: Constraint | FramedConstraint, message: str) -> RequestError:
    """The error for a constraint that llguidance refused with `message`, about the part that is at fault."""
    from llguidance import LLMatcher

    parts = constraint.parts.values() if isinstance(constraint, FramedConstraint) else (constraint,)
    for part in parts:
        if found := LLMatcher.validate_grammar(lark(part)):
            return _explain_part(part, found)
    return RequestError(f"the output cannot be constrained: {reason(message)}", param="response_format")


def reason(message: str) -> str:
    """What llguidance says, in a line."""
    said = _first_line(message)
    return "no text can ever fit it" if said in ("", "NoExtensionBias") else said


def _rule(name: str, constraint: Constraint) -> str:
    from llguidance import LLMatcher, regex_to_lark

    match constraint:
        case JsonSchemaConstraint():
            options = {"x-guidance": _JSON_OPTIONS}
            return f"{name}: %json {json.dumps({**_schema(constraint), **options})}"
        case RegexConstraint():
            return f"{name}: /{regex_to_lark(constraint.pattern)}/"
        case LarkConstraint():
            # By itself first: as a part, it could close the braces around it.
            if found := LLMatcher.validate_grammar(constraint.grammar):
                raise _explain_part(constraint, found)
            return f"{name}: %lark {{\n{constraint.grammar}\n}}"
        case _:
            assert_never(constraint)


def _schema(constraint: JsonSchemaConstraint) -> Mapping[str, Any]:
    try:
        schema = json.loads(constraint.schema)
    except ValueError as error:
        raise RequestError(f"the schema is not JSON: {error}", param=constraint.param) from error
    if not isinstance(schema, dict):
        raise RequestError("the schema must be a JSON object", param=constraint.param)
    return schema


def _explain_part(part: Constraint, message: str) -> RequestError:
    match part:
        case JsonSchemaConstraint():
            return _explain_schema(part, message)
        case RegexConstraint():
            return RequestError(
                f"the regular expression cannot be used: {_last_line(message)}",
                hint=_REGEX_HINT,
                param=part.param,
            )
        case LarkConstraint():
            return RequestError(
                f"the grammar cannot be used: {_first_line(message)}",
                hint="the dialect is llguidance's: Lark, with a rule `start`",
                param=part.param,
            )
        case _:
            assert_never(part)


def _explain_schema(part: JsonSchemaConstraint, message: str) -> RequestError:
    keyword = _unsupported_keyword(message)
    if keyword is not None:
        path = next(_paths(_schema(part), keyword), keyword)
        details = (pattern.search(message) for pattern, _ in _PARTLY)
        value = next((f": {found.group()}" for found in details if found), "")
        return UnsupportedParameter(
            f"the schema keyword {keyword!r} at {path} cannot be enforced{value}",
            hint="leave it out, or describe it in the prompt",
            param=part.param,
        )
    if "regex" in message and (wrong := _wrong_pattern(_schema(part))) is not None:
        place, why = wrong
        return UnsupportedParameter(
            f"the schema keyword {place} cannot be enforced: {_last_line(_about_schema(why))}",
            hint=_REGEX_HINT,
            param=part.param,
        )
    return RequestError(f"the schema cannot be used: {_first_line(_about_schema(message))}", param=part.param)


def _unsupported_keyword(message: str) -> str | None:
    if found := _UNIMPLEMENTED.search(message):
        names: list[str] = json.loads(found.group(1))
        return names[0]
    return next((keyword for pattern, keyword in _PARTLY if pattern.search(message)), None)


def _paths(schema: object, keyword: str) -> Iterator[str]:
    """Where in a schema a keyword stands, as a path with dots; properties of that name are no keywords."""
    return (f"{path}{keyword}" for path, part in _parts(schema) if keyword in part)


def _wrong_pattern(schema: object) -> tuple[str, str] | None:
    """The place of the first pattern that is no regular expression here, and what llguidance says of it."""
    from llguidance import LLMatcher

    for path, part in _parts(schema):
        patterns = {"pattern": part["pattern"]} if isinstance(part.get("pattern"), str) else {}
        named = part.get("patternProperties")
        if isinstance(named, Mapping):
            patterns |= {f"patternProperties {name!r}": name for name in named}
        for place, pattern in patterns.items():
            alone = JsonSchemaConstraint(json.dumps({"type": "string", "pattern": pattern}))
            if why := LLMatcher.validate_grammar(lark(alone)):
                return f"{path}{place}", why
    return None


def _parts(schema: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A schema and those in it, each behind its path."""
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for key, value in schema.items():
        if key in _SCHEMA_MAPS and isinstance(value, Mapping):
            for name, item in value.items():
                yield from _parts(item, f"{path}{key}.{name}.")
        elif key in _SCHEMA_LISTS and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _parts(item, f"{path}{key}[{index}].")
        elif key not in ("const", "default", "enum", "examples"):
            yield from _parts(value, f"{path}{key}.")


def _about_schema(message: str) -> str:
    return message.partition("failed to compile JSON schema:")[2] or message


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _last_line(text: str) -> str:
    """Of a message by the regex parser, the line that tells the reason."""
    found = re.search(r"^error: (.*)$", text, re.MULTILINE)
    return found.group(1) if found else _first_line(text)
