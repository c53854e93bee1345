"""MiniMax M3's calls: every tag behind a mark, every parameter an element that may hold others.

    ]<]minimax[>[<invoke name="order">]<]minimax[>[<items>]<]minimax[>[<item>tea]<]minimax[>[</item>…

Source: the model's chat template. An element with elements in it is an object, or a list where its schema
says so; repeated names make a list. Text means what the schema says. The name is told at once, the
arguments when the call ends, since only then it is clear which names come again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.values import as_json, container_of, converted, types_of

MARK = "]<]minimax[>["
_TAG = re.compile(re.escape(MARK) + r"<(?P<tag>/?[^<>]+)>")
_INVOKE = re.compile(r"invoke\s+name\s*=\s*[\"']?(?P<name>[^\"'>]+)[\"']?")
_BEGUN = MARK[0]
# What an object calls text that stands between its elements.
_TEXT = "$text"


class _Element:
    """An element that is being read: its name, its text, and the elements in it, in order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.children: list[_Element] = []


class NestedCalls:
    """Reads `invoke` elements, one after another."""

    def __init__(self, context: ReaderContext) -> None:
        self._schemas = {tool.name: tool.parameters.get("properties") for tool in context.tools}
        self._buffer = ""
        self._name: str | None = None
        self._path: list[_Element] = []
        self._ended: list[_Element] = []
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        items: list[CallItem] = []
        self._buffer += text
        while (match := _TAG.search(self._buffer)) is not None:
            before, self._buffer = self._buffer[: match.start()], self._buffer[match.end() :]
            self._between(items, before)
            self._tag(items, match["tag"].strip(), match.group())
        if self._path and (place := self._buffer.find(_BEGUN)) != 0:
            # No tag begins in this text.
            size = len(self._buffer) if place < 0 else place
            self._between(items, self._buffer[:size])
            self._buffer = self._buffer[size:]
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        rest, self._buffer = self._buffer, ""
        problem = "the tool call is not whole" if complete else "the tool call was cut off"
        if self._name is not None:
            return [*self._arguments(), CallClosed(problem)]
        return [NoCall(rest, problem)] if rest.strip() else []

    def _between(self, items: list[CallItem], text: str) -> None:
        if self._path:
            self._path[-1].text += text
        elif self._name is None and text.strip():
            items.append(NoCall(text.strip(), "text between tool calls"))

    def _tag(self, items: list[CallItem], tag: str, written: str) -> None:
        if self._name is None:
            match = _INVOKE.fullmatch(tag)
            if match is None:
                items.append(NoCall(written, "an element that is no call"))
            else:
                self._name = match["name"].strip()
                items.append(CallOpened(self._name))
        elif self._path and tag == f"/{self._path[-1].name}":
            ended = self._path.pop()
            (self._path[-1].children if self._path else self._ended).append(ended)
        elif tag == "/invoke":
            problem = f"its element {self._path[0].name!r} does not end" if self._path else None
            items += [*self._arguments(), CallClosed(problem)]
            self._name, self._path, self._ended = None, [], []
        elif not tag.startswith("/"):
            self._path.append(_Element(tag))

    def _arguments(self) -> list[CallItem]:
        """All parameters at once: a name that comes again makes a list of what was a value."""
        schema = {"properties": self._schemas.get(self._name or "") or {}}
        return [CallArguments(as_json(_object(self._ended, schema)))]


def _object(elements: Sequence[_Element], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    values: dict[str, list[Any]] = {}
    for element in elements:
        part = known.get(element.name, schema.get("additionalProperties"))
        values.setdefault(element.name, []).append(_value(element, part))
    return {name: items[0] if len(items) == 1 else items for name, items in values.items()}


def _value(element: _Element, schema: object) -> Any:
    container = container_of(schema)
    if not element.children:
        return _scalar(element.text, schema, container)
    if container is not None and container[0] == "array":
        return [_value(child, container[1].get("items")) for child in element.children]
    if container is None and all(child.name == "item" for child in element.children):
        return [_value(child, None) for child in element.children]
    found = _object(element.children, {} if container is None else container[1])
    return found | {_TEXT: element.text} if element.text.strip() else found


def _scalar(text: str, schema: object, container: tuple[str, Mapping[str, Any]] | None) -> Any:
    if not isinstance(schema, Mapping):
        return text
    # An empty list or object is written as an empty element.
    if container is not None and not text.strip() and "string" not in types_of(schema):
        return [] if container[0] == "array" else {}
    return converted(text, schema)
