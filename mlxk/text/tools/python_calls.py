"""Calls written as Python: `[get_weather(city="Paris"), add(a=1, b=2)]`, in a list or one a line.

Llama 4, LFM2, OLMo 3 and others. Source: the models' cards; mlx-lm's `tool_parsers/pythonic.py`. The name is
told when its first argument begins, and each argument when it ends; containers may hold JSON's words.
Arguments without names are a declared tool's parameters, in the order of its schema.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.values import as_json, literal

_CALL = re.compile(r"[\s\[,;]*(?P<name>[A-Za-z_][\w.-]*)\s*\(\s*(?=(?P<key>[A-Za-z_]\w*\s*=(?!=)|\)))")
_UNNAMED = re.compile(r"[\s\[,;]*(?P<name>[A-Za-z_][\w.-]*)\s*\(\s*(?=[^\s)])")
_KEY = re.compile(r"[\s,]*(?P<key>[A-Za-z_]\w*)\s*=(?!=)\s*(?=\S)")
_KEY_BEGUN = re.compile(r"[\s,]*(?:[A-Za-z_]\w*\s*(?:=\s*)?)?$")
_SEPARATOR = re.compile(r"[\s,]*")
_END = re.compile(r"[\s,]*\)")
_AROUND = " \t\r\n[],;"
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_WORDS = {"true": True, "false": False, "null": None}
# What a call may look like as far as it goes.
_BEGUN = re.compile(r"[\s\[,;]*(?:[A-Za-z_][\w.-]*\s*(?:\(\s*(?:[A-Za-z_]\w*\s*=?)?)?)?$")


class PythonCalls:
    """Reads calls. `declared_only` refuses names that no tool has."""

    def __init__(self, context: ReaderContext, *, declared_only: bool = False) -> None:
        self._names = context.names if declared_only else None
        self._parameters = {
            tool.name: list(tool.parameters.get("properties") or ()) for tool in context.tools
        }
        # Parameters of the open call that have no value yet.
        self._free: list[str] = []
        self._buffer = ""
        self._open = False
        self._arguments = 0
        self._closed = 0
        self._key: str | None = None
        self._end = _ValueEnd()
        self._seen = 0
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        if self.hopeless:
            return [NoCall(text, "")]
        items: list[CallItem] = []
        self._buffer += text
        while not self.hopeless and self._step(items):
            pass
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        rest, self._buffer = self._buffer, ""
        problem = "the tool call is not whole" if complete else "the tool call was cut off"
        if self._open:
            return [CallClosed(problem)]
        return [NoCall(rest, problem)] if rest.strip(_AROUND if self._closed else "") else []

    def _step(self, items: list[CallItem]) -> bool:
        return self._argument(items) if self._open else self._begin(items)

    def _begin(self, items: list[CallItem]) -> bool:
        match = _CALL.match(self._buffer) or self._unnamed()
        unknown = match is not None and self._names is not None and match["name"] not in self._names
        if match is None or unknown:
            rest = self._buffer.strip(_AROUND) if self._closed else self._buffer.strip()
            if rest and (unknown or not _BEGUN.match(self._buffer)):
                self._give_up(items)
            return False
        items.append(CallOpened(match["name"]))
        self._open, self._arguments, self._buffer = True, 0, self._buffer[match.end() :]
        self._free = list(self._parameters.get(match["name"], ()))
        return True

    def _unnamed(self) -> re.Match[str] | None:
        """The beginning of a declared tool's call whose first argument has no name."""
        match = _UNNAMED.match(self._buffer)
        certain = match is not None and self._parameters.get(match["name"]) and not _BEGUN.match(self._buffer)
        return match if certain else None

    def _give_up(self, items: list[CallItem]) -> None:
        self.hopeless = True
        rest, self._buffer = self._buffer, ""
        if self._closed:  # the list's end is no text
            rest = rest.lstrip(_AROUND.replace("[", ""))
        items.append(NoCall(rest, "the tool call is not a call in Python"))

    def _argument(self, items: list[CallItem]) -> bool:
        if self._key is not None:
            return self._value(items, self._key)
        if (end := _END.match(self._buffer)) is not None:
            items += [CallArguments("}" if self._arguments else "{}"), CallClosed()]
            self._open, self._buffer = False, self._buffer[end.end() :]
            self._closed += 1
            return True
        match = _KEY.match(self._buffer)
        if match is not None:
            self._key = match["key"]
            self._free = [name for name in self._free if name != self._key]
        elif self._free and not _KEY_BEGUN.match(self._buffer):
            match, self._key = _SEPARATOR.match(self._buffer), self._free.pop(0)
        if match is None:
            return False
        self._end, self._seen, self._buffer = _ValueEnd(), 0, self._buffer[match.end() :]
        return True

    def _value(self, items: list[CallItem], key: str) -> bool:
        end = self._end
        size = next((i for i in range(self._seen, len(self._buffer)) if end.ends_at(self._buffer[i])), None)
        if size is None:
            self._seen = len(self._buffer)
            return False
        value = as_json(python_value(self._buffer[:size]))
        lead = ", " if self._arguments else "{"
        items.append(CallArguments(f"{lead}{as_json(key)}: {value}"))
        self._arguments += 1
        self._key, self._buffer = None, self._buffer[size:]
        return True


class _ValueEnd:
    """Follows one value, a character at a time, to a `,` or `)` that is not inside it."""

    def __init__(self) -> None:
        self._open: list[str] = []
        # The quotes of the string that goes on: one or three of a kind; two while that is open.
        self._quotes = ""
        self._closing = 0
        self._escaped = False

    def ends_at(self, char: str) -> bool:
        if self._quotes:
            return self._string(char)
        if char in "\"'":
            self._quotes, self._closing = char, -1
        elif char in _PAIRS:
            self._open.append(_PAIRS[char])
        elif self._open:
            if char == self._open[-1]:
                self._open.pop()
        else:
            return char in ",)"
        return False

    def _string(self, char: str) -> bool:
        quote = self._quotes[0]
        if self._closing < 0:  # one or two quotes were read: which kind of string is it?
            if char == quote:
                self._quotes += quote
                self._closing = 0 if len(self._quotes) == 3 else -1
                return False
            if len(self._quotes) == 2:
                self._quotes = ""
                return self.ends_at(char)
            self._closing = 0
        if self._escaped:
            self._escaped = False
        elif char == "\\":
            self._escaped, self._closing = True, 0
        else:
            self._closing = self._closing + 1 if char == quote else 0
            if self._closing == len(self._quotes):
                self._quotes = ""
        return False


def python_value(text: str) -> Any:
    """A Python literal, JSON's words among them; otherwise the text."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        value = ast.literal_eval(_JsonWords().visit(tree))
        as_json(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return literal(text.strip())
    return value


class _JsonWords(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in _WORDS:
            return node
        return ast.copy_location(ast.Constant(_WORDS[node.id]), node)
