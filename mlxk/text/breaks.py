"""Breaks between the parts of an answer that comes in several text blocks.

A model may speak, call a tool or think, and speak again (harmony's preamble and its final message). Most
dialects have one string for all of it: a blank line stands between the parts, put at the beginning of the
later one, so that what a stream gives and what the whole answer says are the same on every surface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlxk.events import BlockDelta, BlockStart, Event

BREAK = "\n\n"


class Breaks:
    """Passes events through; the first delta of each text block but the first begins with a blank line."""

    def __init__(self) -> None:
        self._said = ""
        self._waiting = -1
        self._text = -1

    def feed(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            match event:
                case BlockStart(kind="text"):
                    self._text = event.index
                    self._waiting = event.index if self._said else -1
                    yield event
                case BlockDelta() if event.index == self._text:
                    yield self._delta(event)
                case _:
                    yield event

    def _delta(self, event: BlockDelta) -> BlockDelta:
        if event.index == self._waiting:
            self._waiting = -1
            there = len(self._said) - len(self._said.rstrip("\n"))
            there += len(event.text) - len(event.text.lstrip("\n"))
            event = replace(event, text=BREAK[min(there, len(BREAK)) :] + event.text)
        self._said = (self._said + event.text)[-len(BREAK) :]
        return event
