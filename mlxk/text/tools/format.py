"""Tool-call formats: how one is framed, and what a reader of its body says.

A reader takes the text between a format's `start` and one of its `ends`, in any pieces, and says what it
found as `CallItem`s: calls that open, grow and close, and text that is no call after all. It never drops a
character of a call that it could not read: what was not yet shown as a call comes back as `NoCall`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mlxk.requests import Tool


@dataclass(frozen=True, slots=True)
class CallOpened:
    """A call whose name is known. `id` is the model's own, where the format has one."""

    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class CallArguments:
    """More of the open call's arguments, as JSON text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallClosed:
    """The open call is over. `problem` says what is wrong with it."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class NoCall:
    """Text that looked like a call and is none; `problem` says why."""

    text: str
    problem: str


CallItem = CallOpened | CallArguments | CallClosed | NoCall


class CallReader(Protocol):
    """Reads one body. `finish(complete)`: whether the body was ended as the format wants."""

    @property
    def hopeless(self) -> bool:
        """No call can come of this body any more."""
        ...

    def feed(self, text: str) -> list[CallItem]: ...

    def finish(self, complete: bool) -> list[CallItem]: ...


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """What a reader may know: the declared tools, and a name that stood in the header."""

    tools: tuple[Tool, ...] = ()
    name: str | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(tool.name for tool in self.tools)

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """The tools in OpenAI's shape, as templates and mlx-lm's parsers want them."""
        return [tool_schema(tool) for tool in self.tools]


@dataclass(frozen=True, slots=True)
class ToolFormat:
    """How calls are framed. Delimiters are spelled as the model writes them.

    `ends` may be empty: then the body goes on to the end of the output. A format without `start` begins
    where an answer begins with `opener`, and its calls must name a declared tool. `whole` says that the
    delimiters are part of the body; `ids`, which ids the model's own template accepts for calls without one.
    `strays` are delimiters that may stand around calls alone, and only disappear.
    """

    name: str
    reader: Callable[[ReaderContext], CallReader]
    start: str = ""
    ends: tuple[str, ...] = ()
    opener: str = ""
    whole: bool = False
    ids: Literal["call", "short"] = "call"
    strays: tuple[str, ...] = ()


def tool_schema(tool: Tool) -> dict[str, Any]:
    """A tool in OpenAI's shape. Templates walk `parameters.properties`, so they are never missing."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = dict(tool.parameters) or {"type": "object", "properties": {}}
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}
