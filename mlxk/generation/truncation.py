"""What may be left out of a conversation that does not fit the window: the oldest of it.

First whole exchanges, a question with all that followed it. Then, of the last question, its oldest calls with
their results: an agent's single task may have a hundred of them. The question itself, the newest call, and
system messages stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlxk.requests import Message

_SYSTEM = ("system", "developer")


def shortened(messages: Sequence[Message]) -> tuple[tuple[Message, ...], ...]:
    """The conversation with more and more left out, in that order; empty if nothing may be."""
    turns = [index for index, message in enumerate(messages) if message.role == "user"]
    if not turns:
        return ()
    return (*_without_turns(messages, turns), *_without_calls(messages, turns[-1]))


def _without_turns(messages: Sequence[Message], turns: Sequence[int]) -> Iterator[tuple[Message, ...]]:
    for start in turns[1:]:
        yield (*_system(messages[:start]), *messages[start:])


def _without_calls(messages: Sequence[Message], question: int) -> Iterator[tuple[Message, ...]]:
    """A call and its results begin with the assistant's message."""
    kept = (*_system(messages[:question]), messages[question])
    steps = [index for index in range(question + 1, len(messages)) if messages[index].role == "assistant"]
    for start in steps[1:]:
        yield (*kept, *messages[start:])


def _system(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(message for message in messages if message.role in _SYSTEM)
