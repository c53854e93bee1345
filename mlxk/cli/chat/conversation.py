"""The turns of a chat: values, and what can be done with them. No model, no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlxk.events import Completion
from mlxk.requests import GenerationRequest, Message, ToolCall


@dataclass(slots=True)
class Conversation:
    """Turns by turns: a question, then what answered it."""

    messages: list[Message] = field(default_factory=list)

    def ask(self, text: str) -> GenerationRequest:
        """The request for an answer to one more question, which is remembered."""
        self.messages.append(Message("user", text))
        return GenerationRequest(messages=tuple(self.messages))

    def answered(self, completion: Completion) -> None:
        """Remember an answer, whole or stopped half-way."""
        calls = tuple(ToolCall(call.id or "", call.name or "", call.text) for call in completion.tool_calls)
        self.messages.append(Message("assistant", completion.text, completion.reasoning or None, calls))

    def take_back(self) -> str | None:
        """Forget the last question and all after it; returns its text, `None` if there is none."""
        for at in range(len(self.messages) - 1, -1, -1):
            if self.messages[at].role == "user":
                text = self.messages[at].content
                del self.messages[at:]
                return text
        return None

    def clear(self) -> None:
        self.messages.clear()

    def replace(self, messages: Iterable[Message]) -> None:
        """Another conversation instead of this one."""
        self.messages[:] = messages

    @property
    def questions(self) -> int:
        return sum(message.role == "user" for message in self.messages)

    @property
    def last_question(self) -> str | None:
        return next((each.content for each in reversed(self.messages) if each.role == "user"), None)

    @property
    def last_reasoning(self) -> str | None:
        """That of the last answer which has some."""
        return next((each.reasoning for each in reversed(self.messages) if each.reasoning), None)
