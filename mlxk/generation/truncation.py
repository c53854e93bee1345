"""What may be left out of a conversation that does not fit the window: the oldest of it.

First whole exchanges, a question with all that followed it. Then, of the last question, its oldest calls with
their results: an agent's single task may have a hundred of them. The question itself, the newest call, and
system messages stay, and no result without its call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from mlxk.requests import Message

_SYSTEM = ("system", "developer")


def beginnings(messages: Sequence[Message]) -> tuple[int, ...]:
    """The places where the conversation may begin instead, the earliest first; see `beginning_at`."""
    turns = [index for index, message in enumerate(messages) if message.role == "user"]
    if not turns:
        return ()
    needed = _needed(messages)
    return tuple(place for place in (*turns[1:], *_steps(messages, turns[-1])) if needed[place] >= place)


def beginning_at(messages: Sequence[Message], start: int) -> tuple[Message, ...]:
    """The conversation from a place on; of what is before it, system messages and the last question stay."""
    question = max(index for index, message in enumerate(messages) if message.role == "user")
    kept = (
        message
        for index, message in enumerate(messages[:start])
        if message.role in _SYSTEM or index == question
    )
    return (*kept, *messages[start:])


def _steps(messages: Sequence[Message], question: int) -> Sequence[int]:
    """The assistant's messages after the last question, but for the first; none behind its newest call."""
    steps = [index for index in range(question + 1, len(messages)) if messages[index].role == "assistant"]
    newest = max((index for index in steps if messages[index].tool_calls), default=len(messages))
    return [index for index in steps[1:] if index <= newest]


def _needed(messages: Sequence[Message]) -> Sequence[int]:
    """For each place, the earliest message that it and those behind it cannot do without."""
    backwards = list(_origins(messages))[::-1]
    return list(accumulate(backwards, min))[::-1]


def _origins(messages: Sequence[Message]) -> Iterator[int]:
    """For each message its own place; for a result, that of its call, or of the last calls where none has
    its id."""
    calls: dict[str, int] = {}
    last = 0
    for index, message in enumerate(messages):
        if message.tool_calls:
            last = index
            calls |= {call.id: index for call in message.tool_calls}
        yield calls.get(message.tool_call_id or "", last) if message.role == "tool" else index
