"""Blocks: text of one kind after another, written as events that obey the grammar of `mlxk.events`.

The writer numbers blocks, emits none that is empty, applies stop strings, and trims. Trimming (only where
the grammar says that white space is decoration) drops white space at the beginning of reasoning, at the
beginning of an answer that follows a delimiter, and at the end of any block that a delimiter ends; white
space is held back until it is clear which it is, so the events do not depend on how the text came.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.events import BlockDelta, BlockEnd, BlockKind, BlockStart, Event, TokenLogprob
from mlxk.text.stops import Stops

# A token's log-probability, and at which character of the text beside it the token begins.
Placed = tuple[int, TokenLogprob]


class BlockWriter:
    """Takes text with its kind; `take` gives the events so far. After `stopped` nothing more is shown."""

    def __init__(self, stops: Stops, *, stop_everywhere: bool, trim: bool) -> None:
        self._stops = stops
        self._stop_everywhere = stop_everywhere
        self._trim = trim
        self._events: list[Event] = []
        self._index = 0
        self._kind: BlockKind | None = None
        self._started = False
        self._held = ""
        self._logprobs: list[Placed] = []
        self._after_delimiter = False
        self.stop_sequence: str | None = None

    @property
    def stopped(self) -> bool:
        return self.stop_sequence is not None

    @property
    def blank(self) -> bool:
        """Whether nothing but white space was written since the last delimiter."""
        return not self._started and not self._held.strip()

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def write(self, kind: BlockKind, text: str, logprobs: Sequence[Placed] = ()) -> None:
        """More text of a kind; a change of kind ends the block before."""
        if self.stopped:
            return
        if self._kind != kind:
            self.end_block()
            self._kind = kind
        self._logprobs += [(len(self._held) + place, logprob) for place, logprob in logprobs]
        self._held += text
        self._advance()

    def open_call(self, call_id: str, name: str) -> None:
        if self.stopped:
            return
        self.end_block()
        self._kind, self._started = "tool_call", True
        self._events.append(BlockStart(self._index, "tool_call", call_id, name))

    def delimiter(self) -> None:
        """White space from here to the next text is decoration."""
        self._after_delimiter = True

    def end_block(self) -> None:
        """A delimiter ends the block: white space that was held back is dropped, other text is not."""
        if not self.stopped:
            self._emit(len(self._held.rstrip()) if self._trimming else len(self._held))
        self._close()
        self._after_delimiter = True

    def finish(self) -> None:
        """The output ends: what was held back was text after all."""
        if not self.stopped and self._kind != "reasoning":
            self._emit(len(self._held))
        self.end_block()

    @property
    def _trimming(self) -> bool:
        return self._trim and self._kind != "tool_call"

    @property
    def _stopping(self) -> bool:
        return bool(self._stops) and (self._stop_everywhere or self._kind == "text")

    def _advance(self) -> None:
        if self._trimming and not self._started and (self._after_delimiter or self._kind == "reasoning"):
            self._drop(len(self._held) - len(self._held.lstrip()))
        certain = len(self._held)
        if self._stopping:
            found = self._stops.find(self._held)
            if found is not None:
                self._emit(found.start)
                self.stop_sequence = found.stop
                self._drop(len(self._held))
                return
            certain = self._stops.certain(self._held)
        if self._trimming:
            certain = len(self._held[:certain].rstrip())
        self._emit(certain)

    def _emit(self, size: int) -> None:
        if size <= 0 or self._kind is None:
            return
        if not self._started:
            self._started = True
            self._events.append(BlockStart(self._index, self._kind))
        text, logprobs = self._held[:size], self._placed(size)
        self._drop(size)
        last = self._events[-1] if self._events else None
        if isinstance(last, BlockDelta):
            text, logprobs = last.text + text, last.logprobs + logprobs
            self._events.pop()
        self._events.append(BlockDelta(self._index, text, logprobs))

    def _placed(self, size: int) -> tuple[TokenLogprob, ...]:
        """What belongs to the first characters that are held."""
        return tuple(item for place, item in self._logprobs if place < size) if self._logprobs else ()

    def _drop(self, size: int) -> None:
        if not size:
            return
        self._held = self._held[size:]
        if self._logprobs:
            self._logprobs = [(place - size, item) for place, item in self._logprobs if place >= size]

    def _close(self) -> None:
        if self._started:
            self._events.append(BlockEnd(self._index))
            self._index += 1
        self._drop(len(self._held))
        self._kind, self._started = None, False
