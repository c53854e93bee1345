"""Items to messages: what a template is given.

Reasoning, texts and calls that follow each other are one turn of the assistant: models that think between
calls are shown what they thought before each of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlxk.errors import RequestError
from mlxk.protocols.openai.responses.items import (
    CustomOutputItem,
    CustomToolCallItem,
    FunctionCallItem,
    FunctionOutputItem,
    Item,
    ItemReference,
    MessageItem,
    ReasoningItem,
    joined,
)
from mlxk.requests import Message, ToolCall

# The one argument of a custom tool, which the model calls as a function.
CUSTOM_INPUT = "input"


class Turns:
    """Takes items in their order; `messages` are the turns so far."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._names: dict[str, str] = {}
        self._text = ""
        self._reasoning: str | None = None
        self._calls: list[ToolCall] = []

    @property
    def messages(self) -> tuple[Message, ...]:
        self._end_turn()
        return tuple(self._messages)

    def add(self, items: Iterable[Item]) -> None:
        """Raises `RequestError` for an output without its call."""
        for item in items:
            match item:
                case MessageItem(role="assistant"):
                    self._say(joined(item.content))
                case MessageItem():
                    self._end_turn()
                    self._messages.append(Message(item.role, joined(item.content)))
                case ReasoningItem():
                    self._think(item.text)
                case FunctionCallItem():
                    self._call(ToolCall(item.call_id, item.name, item.arguments))
                case CustomToolCallItem():
                    arguments = msgspec.json.encode({CUSTOM_INPUT: item.input}).decode()
                    self._call(ToolCall(item.call_id, item.name, arguments))
                case FunctionOutputItem() | CustomOutputItem():
                    self._answer(item)
                case ItemReference():
                    raise RequestError("A stored item cannot be a reference.", param="input")

    def _say(self, text: str) -> None:
        if self._text and text and not text.startswith("\n"):
            text = f"\n\n{text}"
        self._text += text

    def _think(self, text: str) -> None:
        self._reasoning = text if self._reasoning is None else f"{self._reasoning}\n\n{text}"

    def _call(self, call: ToolCall) -> None:
        self._names[call.id] = call.name
        self._calls.append(call)

    def _answer(self, item: FunctionOutputItem | CustomOutputItem) -> None:
        self._end_turn()
        name = self._names.get(item.call_id)
        if name is None:
            raise RequestError(
                f"No tool call found for the output with the call_id '{item.call_id[:80]}'.", param="input"
            )
        self._messages.append(Message("tool", joined(item.output), tool_call_id=item.call_id, name=name))

    def _end_turn(self) -> None:
        if self._text or self._calls or self._reasoning is not None:
            turn = Message("assistant", self._text, reasoning=self._reasoning, tool_calls=tuple(self._calls))
            self._messages.append(turn)
        self._text, self._reasoning, self._calls = "", None, []
