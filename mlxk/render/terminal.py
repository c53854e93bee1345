"""Events as text for a person, or for a pipe.

On a terminal, reasoning stands dim under `[Reasoning]` and the answer under `[Answer]`, a rule between them;
an answer without reasoning stands alone. In a pipe only the answer is written, so that it can be used, unless
reasoning was asked for. Control characters of a model's output never reach a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO, assert_never

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

if TYPE_CHECKING:
    from rich.console import Console

HEADINGS: dict[BlockKind, str] = {"reasoning": "[Reasoning]", "text": "[Answer]", "tool_call": "[Tool call]"}
# C0 and C1 controls but tab and newline: an escape sequence in an answer must not drive the terminal.
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "�")


def safe(text: str) -> str:
    """Text that cannot move the cursor, or do anything else to a terminal."""
    return text.translate(_CONTROLS)


class TerminalRenderer:
    """Writes blocks as they come; `feed` raises the error that a `Failed` event carries."""

    def __init__(self, out: TextIO, *, show_reasoning: bool, color: bool | None = None) -> None:
        self._out = out
        self._show_reasoning = show_reasoning
        self._terminal = out.isatty() if color is None else color
        self._console: Console | None = None
        self._kinds: dict[int, BlockKind] = {}
        self._shown: BlockKind | None = None
        self._at_line_start = True
        self._below_heading = False

    def feed(self, event: Event) -> None:
        match event:
            case BlockStart():
                self._kinds[event.index] = event.kind
                if self._shows(event.kind):
                    self._open(event)
            case BlockDelta():
                if self._shows(kind := self._kinds[event.index]):
                    self._write(event.text, "dim" if kind == "reasoning" else None)
            case BlockEnd():
                if self._kinds[event.index] == "tool_call":
                    self._write(")\n")
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
        """End the last line, so that whatever comes next starts on its own."""
        if not self._at_line_start:
            self._write("\n")
        self._out.flush()

    def _shows(self, kind: BlockKind) -> bool:
        return kind != "reasoning" or self._show_reasoning

    def _open(self, block: BlockStart) -> None:
        before, self._shown = self._shown, block.kind
        if block.kind == "text" and before is None:
            return
        if before != block.kind or block.kind == "tool_call":
            self._heading(block.kind, after=before)
        if block.kind == "tool_call":
            self._write(f"{block.name}(")

    def _heading(self, kind: BlockKind, *, after: BlockKind | None) -> None:
        if not self._at_line_start:
            self._write("\n")
        if after == "reasoning":
            self._rule()
        self._write(f"{HEADINGS[kind]}\n", "bold")
        self._below_heading = True

    def _rule(self) -> None:
        width = 40
        if self._terminal:
            width = min(self._rich().width, 80)
        self._write("─" * width + "\n", "dim")

    def _write(self, text: str, style: str | None = None) -> None:
        if self._below_heading:  # blank lines belong between texts, not below a heading
            text = text.lstrip("\n")
        if not text:
            return
        self._below_heading = False
        if self._terminal:
            text = safe(text)
            if style is None:
                self._out.write(text)
            else:
                self._rich().print(text, style=style, end="", markup=False, highlight=False, soft_wrap=True)
        else:
            self._out.write(text)
        self._out.flush()
        self._at_line_start = text.endswith("\n")

    def _rich(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self._out)
        return self._console
