"""Calls written as JSON: `{"name": …, "arguments": {…}}`, one, several in a row, or in a list.

Covers Hermes and Qwen, Llama 3 (`parameters`, calls joined by `;`), Mistral's older list, Cohere
(`tool_name`), OpenAI's nested `function` object, and Apertus (`{"get_weather": {…}}`). Arguments are passed
on as the model writes them, while it writes them; only arguments inside a JSON string are unpacked first.
A code fence around calls (Command-R) is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Generator

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.value import ValueEnd

_NAMES = {"name", "tool_name", "function", "function_name"}
_ARGUMENTS = {"arguments", "parameters", "args", "kwargs", "tool_parameters", "input"}
_IDS = {"id", "tool_call_id", "call_id"}
_KEYS = _NAMES | _ARGUMENTS | _IDS | {"type", "index"}
_SPACE = " \t\r\n"

_Chars = Generator[None, str, str]


class _Malformed(ValueError):
    """The body is not of this format."""


class JsonCalls:
    """Reads a body of JSON calls. `declared_only` refuses names that no tool has.

    `by_name`: an object's only key is a tool's name, and its value the arguments (Apertus).
    """

    def __init__(self, context: ReaderContext, *, declared_only: bool = False, by_name: bool = False) -> None:
        self._names = context.names
        self._declared_only = declared_only
        self._by_name = by_name
        self._items: list[CallItem] = []
        self._unclaimed = ""
        self._name: str | None = None
        self._id: str | None = None
        self._held: str | None = None
        self._open = False
        self._idle = True
        self._calls = False
        self.hopeless = False
        self._run = self._body()
        next(self._run)

    def feed(self, text: str) -> list[CallItem]:
        for index, char in enumerate(text):
            if self.hopeless:
                self._items.append(NoCall(text[index:], ""))
                break
            self._unclaimed += char
            try:
                self._run.send(char)
            except _Malformed as problem:
                self._give_up(str(problem))
            except ValueError:
                self._give_up("the tool call is not valid JSON")
        return self._taken()

    def finish(self, complete: bool) -> list[CallItem]:
        # Without delimiters, brackets and fences around no call are an answer.
        around = _SPACE if self._declared_only and not self._calls else _SPACE + ",;`"
        if not self.hopeless and (not self._idle or self._unclaimed.strip(around)):
            self._give_up("the tool call was cut off" if not complete else "the tool call is not whole JSON")
        return self._taken()

    def _taken(self) -> list[CallItem]:
        items, self._items = self._items, []
        return items

    def _give_up(self, problem: str) -> None:
        self.hopeless = True
        if self._open:
            self._open = False
            self._items.append(CallClosed(problem))
        else:
            self._items.append(NoCall(self._unclaimed, problem))
        self._unclaimed = ""

    def _body(self) -> Generator[None, str, None]:
        depth, language = 0, ""
        while True:
            char = yield from self._next()
            if char == "`":  # a code fence, which stands for nothing
                language = "json"
            elif language and char == language[0]:
                language = language[1:]
            elif char == "[" and depth == 0:
                depth = 1
            elif char == "]" and depth == 1:
                depth = 0
                self._unclaimed = "" if self._calls else self._unclaimed
            elif char == "{":
                self._idle = False
                yield from self._object()
                self._close()
                self._idle, self._calls = True, True
            elif char not in ",;":
                raise _Malformed("the tool call is not JSON")

    def _next(self) -> _Chars:
        while (char := (yield)) in _SPACE:
            pass
        return char

    def _object(self) -> Generator[None, str, None]:
        first = True
        while True:
            char = yield from self._next()
            if char == ",":
                continue
            if char == "}":
                return
            if char != '"':
                raise _Malformed("the tool call is not a JSON object")
            key = json.loads('"' + (yield from self._value('"'))[1:], strict=False)
            if (yield from self._next()) != ":":
                raise _Malformed("the tool call is not a JSON object")
            if first and self._declared_only and key not in _KEYS | self._names:
                raise _Malformed("no tool call begins so")  # an answer in JSON need not wait for its end
            first = False
            ended = yield from self._member(key, (yield from self._next()))
            if ended:
                return

    def _member(self, key: str, first: str) -> Generator[None, str, bool]:
        """One value; true when its last character was the end of the object as well."""
        if first == "{" and key == "function":
            yield from self._object()
            return False
        named = first == "{" and self._name is None and (key in self._names or self._by_name)
        if key in _ARGUMENTS or named:
            if named and key not in _ARGUMENTS:
                self._named(key)
            return (yield from self._arguments(first))
        text = yield from self._value(first)
        ended = text.endswith("}") and first not in "{["
        self._plain(key, text[:-1] if ended or text[-1:] == "," else text)
        return ended

    def _plain(self, key: str, text: str) -> None:
        try:
            value = json.loads(text, strict=False)
        except ValueError as error:
            raise _Malformed("the tool call is not valid JSON") from error
        if key in _NAMES and isinstance(value, str):
            self._named(value)
        elif key in _IDS and isinstance(value, str) and not self._open:
            self._id = value

    def _named(self, name: str) -> None:
        if not name or (self._declared_only and name not in self._names):
            raise _Malformed(f"no tool is named {name!r}")
        self._name = name
        if self._held is not None:
            held, self._held = self._held, None
            self._show(held)

    def _arguments(self, first: str) -> Generator[None, str, bool]:
        if first == '"' or first not in "{[":
            text = yield from self._value(first)
            ended = first != '"' and text.endswith("}")
            self._show(_unpacked(text.rstrip(",}") if first != '"' else text))
            return ended
        end, char = ValueEnd(), first
        while True:
            step = end.feed(char)
            if step == "bad":
                raise _Malformed("the tool call's arguments are not JSON")
            self._show(char)
            if step == "last":
                return False
            char = yield

    def _value(self, first: str) -> _Chars:
        """The text of one value, with the character behind it where only that shows its end."""
        end, text, char = ValueEnd(), "", first
        while True:
            step = end.feed(char)
            if step == "bad":
                raise _Malformed("the tool call is not JSON")
            text += char
            if step == "last":
                return text
            if step == "after":
                return text.strip() if char in _SPACE else text
            char = yield

    def _show(self, text: str) -> None:
        if self._name is None:
            self._held = (self._held or "") + text
            return
        if not self._open:
            self._open = True
            self._items.append(CallOpened(self._name, self._id))
        last = self._items[-1] if self._items else None
        if isinstance(last, CallArguments):
            self._items[-1] = CallArguments(last.text + text)
        else:
            self._items.append(CallArguments(text))

    def _close(self) -> None:
        if self._name is None:
            raise _Malformed("the tool call has no name")
        if not self._open:
            self._show("{}")
        self._items.append(CallClosed())
        self._open, self._name, self._id, self._held, self._unclaimed = False, None, None, None, ""


def _unpacked(text: str) -> str:
    """Arguments as a string hold JSON; `null` means none."""
    value = json.loads(text, strict=False)
    if value is None or value == "":
        return "{}"
    return value if isinstance(value, str) else text
