"""What a slash command is, and what one can lead to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from mlxk.cli.chat.session import Chat


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that the person may change before it is asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The chat ends."""


Outcome = Ask | Edit | Leave | None


def nothing(chat: Chat, text: str) -> Iterable[str]:
    """No completions."""
    return ()


@dataclass(frozen=True, slots=True)
class Command:
    """`complete` gives what may stand instead of the text behind the command's name."""

    name: str
    arguments: str
    help: str
    run: Callable[[Chat, str], Awaitable[Outcome]]
    complete: Callable[[Chat, str], Iterable[str]] = nothing
    takes_path: bool = False
