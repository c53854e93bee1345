"""A body of tool calls on its way from the output to blocks.

A call that cannot be read, or that the output's end cuts off before its name was known, is shown as text, its
delimiters with it, where it stood; one whose name was already announced is ended with what there is. Both are
told as warnings.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable
from typing import Literal, assert_never

from mlxk.events import BlockKind
from mlxk.text.blocks import BlockWriter
from mlxk.text.tools.format import (
    CallArguments,
    CallClosed,
    CallItem,
    CallOpened,
    NoCall,
    ReaderContext,
    ToolFormat,
)

_SHORT_ID = string.ascii_letters + string.digits


class CallBody:
    """Reads one body and writes what it holds. `kind` is where it stands: what is no call is text of it.

    `one_call`: what comes behind the first whole call is left out.
    """

    def __init__(
        self,
        item: ToolFormat,
        context: ReaderContext,
        kind: BlockKind,
        writer: BlockWriter,
        warn: Callable[[str], None],
        *,
        one_call: bool,
    ) -> None:
        self._format = item
        self._reader = item.reader(context)
        self._kind = kind
        self._writer = writer
        self._warn = warn
        self._one_call = one_call
        self._start = ""
        # How the first item was shown.
        self._shown: Literal["", "call", "text"] = ""
        self._arguments: list[str] = []
        self.opened = False
        self.enough = False

    @property
    def given_up(self) -> bool:
        """Text without delimiters that is no call after all: an answer."""
        return self._reader.hopeless and not self._format.start and bool(self._format.opener)

    def begin(self, delimiter: str) -> None:
        """The delimiter before the body, which is part of it in some formats."""
        if self._format.whole:
            self.feed(delimiter)
        else:
            self._start = delimiter

    def feed(self, text: str) -> None:
        self._items(self._reader.feed(text))

    def end(self, delimiter: str, *, complete: bool) -> None:
        """The body ended, by a delimiter or with the output."""
        if self._format.whole:
            self.feed(delimiter)
        self._items(self._reader.finish(complete))
        if self._shown == "text" and not self._format.whole:
            self._writer.write(self._kind, delimiter)

    def _items(self, items: list[CallItem]) -> None:
        for item in items:
            if self.enough:
                return
            match item:
                case CallOpened():
                    self._shown, self._arguments, self.opened = "call", [], True
                    self._writer.open_call(item.id or self._new_id(), item.name)
                case CallArguments():
                    self._arguments.append(item.text)
                    self._writer.write("tool_call", item.text)
                case CallClosed():
                    self._close(item)
                case NoCall():
                    self._no_call(item)
                case _:
                    assert_never(item)

    def _close(self, item: CallClosed) -> None:
        self._writer.end_block()
        if item.problem is not None:
            self._warn(f"a tool call may not be usable: {item.problem}")
        elif not _is_json("".join(self._arguments)):
            self._warn("a tool call may not be usable: its arguments are not JSON")
        self.enough = self._one_call

    def _no_call(self, item: NoCall) -> None:
        opening = self._start if not self._shown else ""
        self._shown = self._shown or "text"
        self._writer.write(self._kind, opening + item.text)
        if item.problem and not self._format.opener:
            self._warn(f"shown as text: {item.problem}")

    def _new_id(self) -> str:
        """Mistral's templates accept nine letters and digits only; everybody else takes OpenAI's form."""
        if self._format.ids == "short":
            return "".join(secrets.choice(_SHORT_ID) for _ in range(9))
        return f"call_{secrets.token_hex(12)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except ValueError:
        return False
    return True
