"""Calls written as a header with the name, then JSON arguments.

One reader for Mistral (`get_weather[ARGS]{…}`), DeepSeek (`get_weather<｜tool▁sep｜>{…}`), Kimi
(`functions.get_weather:0<|tool_call_argument_begin|>{…}`) and `<function=get_weather>{…}</function>`: they
differ in the header's pattern, which must end right before the arguments. `OnlyArguments` is for harmony,
where the header was read before the body.
"""

from __future__ import annotations

import re

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext
from mlxk.text.tools.value import ValueEnd


class HeadedCalls:
    """Reads `header {…} header {…} …`. `noise` is what may stand around calls and means nothing."""

    def __init__(self, context: ReaderContext, header: str, noise: str = "") -> None:
        self._declared = context.names
        self._header = re.compile(header, re.DOTALL)
        self._noise = re.compile(rf"(?:\s|{noise})*" if noise else r"\s*")
        self._buffer = ""
        self._end: ValueEnd | None = None
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        items: list[CallItem] = []
        self._buffer += text
        while self._step(items):
            pass
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        cut = "the tool call was cut off" if not complete else "the tool call is not whole"
        rest, self._buffer = self._buffer, ""
        if self._end is not None:
            return [CallClosed(cut)]
        return [] if self._noise.fullmatch(rest) else [NoCall(rest, cut)]

    def _step(self, items: list[CallItem]) -> bool:
        if self._end is not None:
            return self._arguments(items, self._end)
        match = self._header.search(self._buffer)
        if match is None:
            return False
        if not self._noise.fullmatch(self._buffer[: match.start()]):
            # What stands before a header is text of the model's, not part of any call.
            items.append(NoCall(self._buffer[: match.start()], "text between tool calls"))
        groups = match.groupdict()
        items.append(CallOpened(groups["name"], groups.get("id")))
        self._buffer, self._end = self._buffer[match.end() :], ValueEnd()
        return True

    def _arguments(self, items: list[CallItem], end: ValueEnd) -> bool:
        for index, char in enumerate(self._buffer):
            step = end.feed(char)
            if step == "more":
                continue
            size = index + (step == "last")
            items.append(CallArguments(self._buffer[:size]))
            items.append(CallClosed("its arguments are not JSON" if step == "bad" else None))
            self._buffer, self._end = self._buffer[size:], None
            return True
        if self._buffer:
            items.append(CallArguments(self._buffer))
            self._buffer = ""
        return False


class OnlyArguments:
    """The whole body is one call's arguments; the name came with the header."""

    def __init__(self, context: ReaderContext) -> None:
        self._name = context.name or ""
        self._opened = False
        self._empty = True
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        items: list[CallItem] = []
        if not self._opened:
            self._opened = True
            items.append(CallOpened(self._name))
        if self._empty:
            text = text.lstrip()
        if text:
            self._empty = False
            items.append(CallArguments(text))
        return items

    def finish(self, complete: bool) -> list[CallItem]:
        items = self.feed("")
        if self._empty:
            items.append(CallArguments("{}"))
        return [*items, CallClosed(None if complete else "the tool call was cut off")]
