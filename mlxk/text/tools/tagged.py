"""Calls whose parameters stand between tags: Qwen3-Coder, Seed, MiniMax, DeepSeek's DSML, GLM, Kimi K3, ….

They differ in their tags, which a `Dialect` holds, and agree in the rest: a value is text, and the tool's
schema says what it means. The name is told as soon as it is known, text as it is written, and every other
value when it ends.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mlxk.text.tools.dialects import Dialect
from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.tag_value import Style, TagValue, ending
from mlxk.text.tools.values import as_json, converted, literal, types_of


class TaggedCalls:
    """Reads a body of calls in one dialect."""

    def __init__(self, context: ReaderContext, dialect: Dialect) -> None:
        self._dialect = dialect
        self._schemas = {tool.name: tool.parameters.get("properties") for tool in context.tools}
        self._call = re.compile(dialect.call)
        self._parameter = re.compile(dialect.parameter, re.DOTALL)
        self._object = re.compile(dialect.object or r"(?!)")
        self._noise = re.compile(rf"(?:\s|{dialect.noise})*" if dialect.noise else r"\s*")
        inside = (dialect.parameter, re.escape(dialect.call_end), dialect.object)
        self._inside = re.compile("|".join(filter(None, inside)), re.DOTALL)
        self._buffer = ""
        self._name: str | None = None
        self._value: TagValue | None = None
        # What stands before the next argument, and behind the last one.
        self._lead, self._trail = "{", "{}"
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
            return items if self._noise.fullmatch(rest) else [*items, NoCall(rest, problem)]
        value, self._value = self._value, None
        if value is not None:
            _say(items, value.last(rest) if complete else value.cut(rest))
        broken = value is None and not self._noise.fullmatch(rest)
        if complete and not broken:
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
        self._buffer = self._buffer[match.end() :]
        if (found := self._parameter.fullmatch(match.group())) is not None:
            self._value = self._parameter_value(found)
            self._lead, self._trail = ", ", "}"
        elif self._object.fullmatch(match.group()):
            close = self._dialect.object_end
            self._value = TagValue(Style("", ending(close), close, raw=True))
            self._trail = ""
        else:
            self._close(items)
        return True

    def _begin(self, items: list[CallItem]) -> bool:
        match = self._call.search(self._buffer)
        if match is None:
            return False
        before = self._buffer[: match.start()]
        if not self._noise.fullmatch(before):
            items.append(NoCall(before.strip(), "text between tool calls"))
        self._open(items, self._spelled(match["name"]))
        self._buffer = self._buffer[match.end() :]
        return True

    def _lone_name(self, items: list[CallItem]) -> None:
        """A whole body that is a name only: a call without arguments."""
        name = self._buffer.strip()
        if re.fullmatch(r"[\w.:/-]+", name):
            self._open(items, name)
            self._buffer = ""

    def _value_step(self, items: list[CallItem], value: TagValue) -> bool:
        said, self._buffer = value.feed(self._buffer)
        _say(items, said)
        if value.done:
            self._value = None
        return value.done

    def _open(self, items: list[CallItem], name: str) -> None:
        self._name, self._lead, self._trail = name, "{", "{}"
        items.append(CallOpened(name))

    def _close(self, items: list[CallItem]) -> None:
        self._name = None
        _say(items, self._trail)
        items.append(CallClosed())

    def _spelled(self, name: str) -> str:
        name = name.strip().strip("\"'")
        return html.unescape(name) if self._dialect.entities else name

    def _parameter_value(self, found: re.Match[str]) -> TagValue:
        dialect = self._dialect
        key = self._spelled(found["key"])
        meaning = self._meaning(key, found.groupdict().get("string"))
        before = f"{self._lead}{as_json(key)}: "
        close = ending(dialect.value_end, dialect.ahead)
        return TagValue(
            Style(before, close, dialect.value_end, meaning, strip=dialect.strip, cdata=dialect.cdata)
        )

    def _meaning(self, key: str, string: str | None) -> Callable[[str], Any] | None:
        """How this parameter's text becomes a value, `None` if it is text."""
        if string is not None:
            return None if string.strip() in ("true", "string") else literal
        schemas = self._schemas.get(self._name or "")
        schema = schemas.get(key) if isinstance(schemas, Mapping) else None
        if isinstance(schema, Mapping):
            return None if types_of(schema) == {"string"} else partial(converted, schema=schema)
        return literal if self._dialect.undeclared_json else None


def _say(items: list[CallItem], text: str) -> None:
    """More arguments, in one item with those before."""
    last = items[-1] if items else None
    if isinstance(last, CallArguments):
        items[-1] = CallArguments(last.text + text)
    elif text:
        items.append(CallArguments(text))
