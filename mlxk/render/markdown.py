"""Events as formatted text on a terminal, while they come; a line below them says how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockKind,
    BlockStart,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
)
from mlxk.render.growing import MARKDOWN, Growing, plain
from mlxk.render.tail import Status, Tail
from mlxk.render.terminal import HEADINGS, safe

if TYPE_CHECKING:
    from rich.console import Console

Reasoning = Literal["full", "folded", "hidden"]

_NOTATIONS = {"text": MARKDOWN, "reasoning": plain("dim"), "tool_call": plain()}


class MarkdownRenderer:
    """Writes blocks as they come; `feed` raises the error that a `Failed` event carries.

    `status` gives the line below, of at most so many characters.
    """

    def __init__(self, console: Console, *, reasoning: Reasoning, status: Status | None = None) -> None:
        self._console = console
        self._reasoning = reasoning
        self._tail = Tail(console, status)
        self._shown: BlockKind | None = None
        self._growing: Growing | None = None
        self._thought: list[str] | None = None

    def feed(self, event: Event) -> None:
        match event:
            case BlockStart():
                self._open(event)
            case BlockDelta():
                self._delta(safe(event.text))
            case BlockEnd():
                self._end()
            case Finish():
                self.close()
            case Failed():
                self.close()
                raise event.error
            case Start() | PromptProgress():
                pass
            case _:
                assert_never(event)

    def close(self) -> None:
        """End what is open, so that whatever comes next starts on a line of its own."""
        self._end()
        self._tail.close()

    def _open(self, block: BlockStart) -> None:
        if block.kind == "reasoning" and self._reasoning != "full":
            self._thought = []
            return
        before, self._shown = self._shown, block.kind
        if before != block.kind and not (block.kind == "text" and before is None):
            if before == "reasoning":
                self._console.rule(style="dim")
            self._console.print(HEADINGS[block.kind], style="bold", markup=False, highlight=False)
        self._growing = Growing(self._tail, _NOTATIONS[block.kind])
        if block.kind == "tool_call":
            self._growing.feed(f"{block.name}(")

    def _delta(self, text: str) -> None:
        if self._growing is not None:
            self._growing.feed(text)
        elif self._thought is not None:
            self._thought.append(text)
            if self._tail.due():
                self._tail.draw([], [])

    def _end(self) -> None:
        if self._growing is not None:
            if self._shown == "tool_call":
                self._growing.feed(")")
            self._growing.close()
        elif self._thought is not None and self._reasoning == "folded":
            words = len("".join(self._thought).split())
            fold = f"▸ thought in {words:,} words; Ctrl-O or /show reasoning opens it"
            self._console.print(fold, style="dim", markup=False, highlight=False)
        self._growing = self._thought = None
