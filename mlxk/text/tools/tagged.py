"""Calls whose parameters stand between tags: Qwen3-Coder, Seed, MiniMax, DeepSeek's DSML, GLM, LongCat.

They differ in their tags, which a `Dialect` holds, and agree in the rest: a value is text, and the tool's
schema says what it means. The name is told as soon as it is known and each argument when its value ends, so
that a long call arrives in pieces.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tags, as patterns. `call` has a group `name`; `parameter` has `key`, and may have `string`, which
    is `true` for text and `false` for JSON. `value_end` ends a value; where it matches nothing but what is
    ahead, that tag was left out. Without `call_end` a call goes on to the body's end.

    `undeclared_json`: a value that no schema speaks of is JSON if it can be read so.
    """

    call: str
    call_end: str
    parameter: str
    value_end: str
    undeclared_json: bool = False


FUNCTION = Dialect(
    call=r"<function=(?P<name>[^>\n]+)>",
    call_end=r"</function>",
    parameter=r"<parameter=(?P<key>[^>\n]+)>",
    value_end=r"</parameter>|(?=\n?<parameter=)|(?=\n?</function>)",
)
INVOKE = Dialect(
    call=r"<invoke name=[\"']?(?P<name>[^\"'>]+)[\"']?>",
    call_end=r"</invoke>",
    parameter=r"<parameter name=[\"']?(?P<key>[^\"'>]+)[\"']?>",
    value_end=r"</parameter>|(?=\n?<parameter name=)|(?=\n?</invoke>)",
)
DSML = Dialect(
    call=r"<｜DSML｜invoke\s+name=\"(?P<name>[^\"]+)\"\s*>",
    call_end=r"</｜DSML｜invoke>",
    parameter=r"<｜DSML｜parameter\s+name=\"(?P<key>[^\"]+)\"(?:\s+string=\"(?P<string>true|false)\")?\s*>",
    value_end=r"</｜DSML｜parameter>|(?=\n?<｜DSML｜parameter )|(?=\n?</｜DSML｜invoke>)",
    undeclared_json=True,
)


def keyed(prefix: str) -> Dialect:
    """GLM's `name<arg_key>k</arg_key><arg_value>v</arg_value>`, its tags with a prefix."""
    return Dialect(
        call=rf"(?P<name>[\w.:/-]+)\s*(?=<{prefix}arg_key>)",
        call_end="",
        parameter=rf"<{prefix}arg_key>(?P<key>.*?)</{prefix}arg_key>(?:\\n|\s)*<{prefix}arg_value>",
        value_end=rf"</{prefix}arg_value>|(?=\n?<{prefix}arg_key>)",
        undeclared_json=True,
    )


class TaggedCalls:
    """Reads a body of calls in one dialect."""

    def __init__(self, context: ReaderContext, dialect: Dialect) -> None:
        self._dialect = dialect
        self._schemas = {tool.name: tool.parameters.get("properties") for tool in context.tools}
        self._call = re.compile(dialect.call)
        self._parameter = re.compile(dialect.parameter, re.DOTALL)
        self._value_end = re.compile(dialect.value_end)
        self._inside = re.compile("|".join(filter(None, (dialect.parameter, dialect.call_end))), re.DOTALL)
        self._buffer = ""
        self._name: str | None = None
        self._value: re.Match[str] | None = None
        self._arguments = 0
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        items: list[CallItem] = []
        self._buffer += text
        while self._step(items):
            pass
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        items: list[CallItem] = []
        if self._name is None and complete and not self._dialect.call_end:
            self._lone_name(items)
        rest, self._buffer = self._buffer, ""
        problem = "the tool call is not whole" if complete else "the tool call was cut off"
        if self._name is None:
            return [*items, NoCall(rest, problem)] if rest.strip() else items
        if self._value is not None and complete:
            self._argument(items, self._value, rest)
        elif self._value is not None:
            self._key(items, self._value["key"], json.dumps(rest, ensure_ascii=False)[:-1])
            return [*items, CallClosed(problem)]
        elif rest.strip():
            return [*items, CallClosed(problem)]
        if complete:
            self._close(items)
        else:
            items.append(CallClosed(problem))
        return items

    def _step(self, items: list[CallItem]) -> bool:
        if self._name is None:
            return self._begin(items)
        if self._value is not None:
            return self._value_step(items, self._value)
        match = self._inside.search(self._buffer)
        if match is None:
            return False
        found = self._parameter.fullmatch(match.group())
        self._buffer = self._buffer[match.end() :]
        if found is None:
            self._close(items)
        else:
            self._value = found
        return True

    def _begin(self, items: list[CallItem]) -> bool:
        match = self._call.search(self._buffer)
        if match is None:
            return False
        if before := self._buffer[: match.start()].strip():
            items.append(NoCall(before, "text between tool calls"))
        self._open(items, match["name"].strip())
        self._buffer = self._buffer[match.end() :]
        return True

    def _lone_name(self, items: list[CallItem]) -> None:
        """A whole body that is a name only: a call without arguments."""
        name = self._buffer.strip()
        if re.fullmatch(r"[\w.:/-]+", name):
            self._open(items, name)
            self._buffer = ""

    def _value_step(self, items: list[CallItem], parameter: re.Match[str]) -> bool:
        end = self._value_end.search(self._buffer)
        if end is None:
            return False
        self._argument(items, parameter, self._buffer[: end.start()])
        self._buffer = self._buffer[end.end() :]
        return True

    def _open(self, items: list[CallItem], name: str) -> None:
        self._name, self._arguments = name, 0
        items += [CallOpened(name), CallArguments("{")]

    def _close(self, items: list[CallItem]) -> None:
        self._name = None
        items += [CallArguments("}"), CallClosed()]

    def _argument(self, items: list[CallItem], parameter: re.Match[str], text: str) -> None:
        self._value = None
        if text.startswith("\n"):
            text = text[1:].removesuffix("\n")
        key = parameter["key"].strip().strip("\"'")
        value = self._meaning(key, text, parameter.groupdict().get("string"))
        self._key(items, key, json.dumps(value, ensure_ascii=False))

    def _key(self, items: list[CallItem], key: str, value: str) -> None:
        comma = ", " if self._arguments else ""
        self._arguments += 1
        items.append(CallArguments(f"{comma}{json.dumps(key, ensure_ascii=False)}: {value}"))

    def _meaning(self, key: str, text: str, string: str | None) -> Any:
        if string is not None:
            return text if string == "true" else _literal(text)
        schemas = self._schemas.get(self._name or "")
        schema = schemas.get(key) if isinstance(schemas, Mapping) else None
        if isinstance(schema, Mapping):
            return converted(text, schema)
        return _literal(text) if self._dialect.undeclared_json else text


def converted(text: str, schema: Mapping[str, Any]) -> Any:
    """A value in the first of its schema's types that it can be read as; the text itself if in none."""
    types = _types(schema)
    for name in ("null", "integer", "number", "boolean", "object", "array"):
        if name in types:
            value = _read(text.strip(), name)
            if value is not _NOT:
                return value
    return text if "string" in types else _literal(text)


_NOT = object()
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def _read(text: str, name: str) -> Any:
    if name == "boolean":
        return {"true": True, "false": False}.get(text.lower(), _NOT)
    value = _literal(text)
    if name == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, _CLASSES[name]) and not isinstance(value, bool) else _NOT


def _literal(text: str) -> Any:
    """JSON, or a Python literal of the same kinds, or text."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        pass
    try:
        value = ast.literal_eval(text.strip())
        json.dumps(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value


def _types(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema names, directly, through its enum, or in a union."""
    declared = schema.get("type")
    types = (
        {declared} if isinstance(declared, str) else set(declared) if isinstance(declared, list) else set()
    )
    for value in schema.get("enum") or ():
        types.add(next((name for name, kinds in _CLASSES.items() if isinstance(value, kinds)), "string"))
    for union in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(union) or ():
            if isinstance(part, Mapping):
                types |= _types(part)
    return types
