"""Gemma's calls: `call:get_weather{city:<|"|>Paris<|"|>,days:3}`, an object with bare keys.

Strings stand between marks of the format's own (Gemma 4's `<|"|>`, FunctionGemma's `<escape>`), in which no
character means anything else, or between ordinary quotes. Source: the models' chat templates, and mlx-lm's
`tool_parsers/gemma4.py` and `function_gemma.py`. Arguments become JSON while they are written.
"""

from __future__ import annotations

import json
import re

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.values import as_json, escaped, literal

# Models leave `call` out at times.
_HEADER = re.compile(r"(?:call)?:?\s*(?P<name>\w[\w.:/-]*)\s*\{")
_BARE = re.compile(r"[^,\[\]{}]*")
_CLOSERS = {"{": "}", "[": "]"}


class LooseCalls:
    """Reads `call:name{…}` objects, one after another. `mark` is what strings stand between."""

    def __init__(self, context: ReaderContext, mark: str) -> None:
        self._mark = mark
        self._buffer = ""
        # Brackets that are open; empty outside a call.
        self._open: list[str] = []
        self._in_string = ""
        # At an object's or array's beginning, and whether a key has to come next.
        self._first = True
        self._key = True
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        items: list[CallItem] = []
        self._buffer += text
        said: list[str] = []
        while self._step(items, said):
            pass
        _flush(items, said)
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        rest, self._buffer = self._buffer, ""
        problem = "the tool call is not whole" if complete else "the tool call was cut off"
        if not self._open:
            return [NoCall(rest, problem)] if rest.strip() else []
        items: list[CallItem] = []
        if self._in_string and rest:
            items.append(CallArguments(escaped(rest)))
        return [*items, CallClosed(problem)]

    def _step(self, items: list[CallItem], said: list[str]) -> bool:
        if not self._open:
            return self._begin(items, said)
        if self._in_string:
            return self._string(said)
        self._buffer = self._buffer.lstrip()
        if not self._buffer:
            return False
        char = self._buffer[0]
        if char in "}]":
            return self._close(items, said, char)
        if char == ",":
            self._buffer = self._buffer[1:]
            return True
        return self._named(said) if self._key and self._open[-1] == "}" else self._value(said, char)

    def _begin(self, items: list[CallItem], said: list[str]) -> bool:
        match = _HEADER.search(self._buffer)
        if match is None:
            return False
        if before := self._buffer[: match.start()].strip():
            items.append(NoCall(before, "text between tool calls"))
        items.append(CallOpened(match["name"]))
        self._buffer = self._buffer[match.end() :]
        self._enter(said, "{")
        return True

    def _enter(self, said: list[str], bracket: str) -> None:
        self._open.append(_CLOSERS[bracket])
        self._first = self._key = True
        said.append(bracket)

    def _close(self, items: list[CallItem], said: list[str], char: str) -> bool:
        bracket = self._open.pop()
        said.append(bracket)
        self._buffer = self._buffer[1:]
        self._first, self._key = False, True
        if not self._open:
            _flush(items, said)
            items.append(CallClosed(None if bracket == char else "its brackets do not match"))
        return True

    def _comma(self, said: list[str]) -> None:
        if not self._first:
            said.append(", ")
        self._first = False

    def _named(self, said: list[str]) -> bool:
        for mark in (self._mark, '"', ""):
            if self._buffer.startswith(mark) and (end := self._buffer.find(f"{mark}:", len(mark))) >= 0:
                break
        else:
            return False
        self._comma(said)
        said.append(as_json(self._buffer[len(mark) : end].strip()) + ": ")
        self._buffer = self._buffer[end + len(mark) + 1 :]
        self._key = False
        return True

    def _value(self, said: list[str], char: str) -> bool:
        if self._mark.startswith(self._buffer[: len(self._mark)]) and len(self._buffer) < len(self._mark):
            return False
        quote = next((mark for mark in (self._mark, '"') if self._buffer.startswith(mark)), "")
        bare = _BARE.match(self._buffer)
        if not quote and char not in _CLOSERS and (bare is None or bare.end() == len(self._buffer)):
            return False
        if self._open[-1] == "]":
            self._comma(said)
        if quote:
            self._buffer, self._in_string = self._buffer[len(quote) :], quote
            said.append('"')
        elif char in _CLOSERS:
            self._buffer = self._buffer[1:]
            self._enter(said, char)
        elif bare is not None:
            self._buffer, self._key = self._buffer[bare.end() :], True
            said.append(as_json(literal(bare.group().strip())))
        return True

    def _string(self, said: list[str]) -> bool:
        if self._in_string == '"':
            return self._quoted(said)
        end = self._buffer.find(self._in_string)
        if end < 0:
            size = len(self._buffer) - _overlap(self._buffer, self._in_string)
            said.append(escaped(self._buffer[:size]))
            self._buffer = self._buffer[size:]
            return False
        said.append(escaped(self._buffer[:end]) + '"')
        self._buffer = self._buffer[end + len(self._in_string) :]
        self._in_string, self._key = "", True
        return True

    def _quoted(self, said: list[str]) -> bool:
        """A string in ordinary quotes is JSON already."""
        match = re.match(r'(?:[^"\\]|\\.)*"', self._buffer, re.DOTALL)
        if match is None:
            return False
        said.append(escaped(json.loads('"' + match.group(), strict=False)) + '"')
        self._buffer = self._buffer[match.end() :]
        self._in_string, self._key = "", True
        return True


def _overlap(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


def _flush(items: list[CallItem], said: list[str]) -> None:
    if text := "".join(said):
        items.append(CallArguments(text))
    said.clear()
