"""What a dialogue is, before any template renders it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thought:
    """What the model reasons before a reply: one line, or a longer one at high effort."""

    gist: str
    verdict: str

    @property
    def short(self) -> str:
        return f"{self.gist} {self.verdict}"

    @property
    def long(self) -> str:
        return (
            f"Let me go step by step. First, what is asked? {self.gist} "
            f"Second, what follows? {self.verdict} Third, I keep the answer short and clear."
        )


def calling(name: str, arguments: dict[str, Any]) -> Thought:
    """The thought before one tool call."""
    given = ", ".join(f"{key} is {value}" for key, value in arguments.items()) or "no arguments"
    return Thought(f"The tool {name} fits.", f"I call it: {given}.")


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant turn: text or tool calls, with the thought that leads to it."""

    thought: Thought
    content: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns (users' and tools' as messages, the assistant's as `Reply`), the last a `Reply`."""

    category: str
    turns: list[Message | Reply]
    system: str = ""
    tools: list[Schema] = field(default_factory=list)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def ask(category: str, text: str, gist: str, verdict: str, answer: str) -> Dialogue:
    """The commonest dialogue: one question, one answer."""
    return Dialogue(category, [user(text), Reply(Thought(gist, verdict), answer)])
