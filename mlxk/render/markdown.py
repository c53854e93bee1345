"""Events as formatted text on a terminal, while they come.

Markdown is rendered block by block. A block that is whole is printed once and never touched again; only the
one at the end is drawn anew as it grows, and of that only as much as fits the screen: what has grown beyond
it is printed too, line by line. So nothing flickers, and nothing is lost for those who scroll back.
"""

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
from mlxk.render.markdown_stream import MarkdownStream
from mlxk.render.terminal import HEADINGS, safe

if TYPE_CHECKING:
    from rich.console import Console

Reasoning = Literal["full", "folded", "hidden"]


class MarkdownRenderer:
    """Writes blocks as they come; `feed` raises the error that a `Failed` event carries."""

    def __init__(self, console: Console, *, reasoning: Reasoning) -> None:
        self._console = console
        self._reasoning = reasoning
        self._kinds: dict[int, BlockKind] = {}
        self._shown: BlockKind | None = None
        self._text: MarkdownStream | None = None
        self._thought: list[str] = []
        self._at_line_start = True

    def feed(self, event: Event) -> None:
        match event:
            case BlockStart():
                self._kinds[event.index] = event.kind
                self._open(event)
            case BlockDelta():
                self._delta(self._kinds[event.index], safe(event.text))
            case BlockEnd():
                self._end(self._kinds[event.index])
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
        if self._text is not None:
            self._text.close()
            self._text = None
        self._end_line()

    def _open(self, block: BlockStart) -> None:
        if block.kind == "reasoning":
            self._thought = []
            if self._reasoning != "full":
                return
        before, self._shown = self._shown, block.kind
        if block.kind == "text":
            self._text = MarkdownStream(self._console)
        if before != block.kind and not (block.kind == "text" and before is None):
            self._end_line()
            if before == "reasoning":
                self._console.rule(style="dim")
            self._console.print(HEADINGS[block.kind], style="bold", markup=False, highlight=False)
        if block.kind == "tool_call":
            self._write(f"{block.name}(")

    def _delta(self, kind: BlockKind, text: str) -> None:
        match kind:
            case "text":
                if self._text is not None:
                    self._text.feed(text)
            case "reasoning":
                self._thought.append(text)
                if self._reasoning == "full":
                    self._write(text, "dim")
            case "tool_call":
                self._write(text)
            case _:
                assert_never(kind)

    def _end(self, kind: BlockKind) -> None:
        if kind == "text":
            self.close()
        elif kind == "tool_call":
            self._write(")\n")
        elif self._reasoning == "folded":
            words = len("".join(self._thought).split())
            self._write(f"▸ thought in {words:,} words; Ctrl-O or /show reasoning opens it\n", "dim")

    def _write(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, end="", markup=False, highlight=False, soft_wrap=True)
        if text:
            self._at_line_start = text.endswith("\n")

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")
