"""The messages and tools of a chat body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field

from mlxk.errors import RequestError
from mlxk.protocols.ollama.common import Images
from mlxk.protocols.validation import Body
from mlxk.requests import Message, Tool, ToolCall


class CalledFunction(Body):
    """`index` and `description` are left over from answers and from tools."""

    name: str
    arguments: dict[str, Any] | None = None
    index: int | None = None
    description: str | None = None


class CallBody(Body):
    function: CalledFunction
    id: str | None = None
    type: Literal["function"] | None = None


class MessageBody(Body):
    """`tool_name` and `tool_call_id` say which call a tool's message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    thinking: str | None = None
    images: Images = None
    tool_calls: list[CallBody] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class ToolFunction(Body):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolBody(Body):
    function: ToolFunction
    type: Literal["function"] | None = None

    def tool(self) -> Tool:
        said = self.function
        return Tool(said.name, said.description or "", said.parameters or {}, bool(said.strict))


def parse_tools(bodies: Iterable[ToolBody]) -> tuple[Tool, ...]:
    tools = tuple(body.tool() for body in bodies)
    names = [tool.name for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise RequestError(f"Two tools have the name '{name}'.", param=f"tools[{index}].function.name")
    return tools


def parse_messages(bodies: Iterable[MessageBody]) -> tuple[Message, ...]:
    """Messages in the order given. A tool's answer is that to the first call which is open and fits."""
    calls = _Calls()
    return tuple(calls.message(body) for body in bodies)


class _Calls:
    """Calls without an answer so far. Bodies of this dialect may leave their ids out."""

    def __init__(self) -> None:
        self._open: list[ToolCall] = []
        self._made = 0

    def message(self, body: MessageBody) -> Message:
        content = body.content or ""
        if body.role == "tool":
            return self._answer(body, content)
        calls = tuple(self._call(call) for call in body.tool_calls or ())
        self._open += calls
        return Message(body.role, content, reasoning=body.thinking or None, tool_calls=calls)

    def _call(self, body: CallBody) -> ToolCall:
        self._made += 1
        said = body.function
        arguments = msgspec.json.encode(said.arguments or {}).decode()
        return ToolCall(body.id or f"call_{self._made}", said.name, arguments)

    def _answer(self, body: MessageBody, content: str) -> Message:
        for call in self._open:
            if _fits(call, body):
                self._open.remove(call)
                return Message("tool", content, tool_call_id=call.id, name=body.tool_name or call.name)
        return Message("tool", content, tool_call_id=body.tool_call_id, name=body.tool_name)


def _fits(call: ToolCall, body: MessageBody) -> bool:
    if body.tool_call_id is not None:
        return call.id == body.tool_call_id
    return body.tool_name in (None, call.name)
