"""Markdown drawn on a terminal while it is written: whole blocks above, the growing one below them."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import Console
    from rich.live import Live
    from rich.markdown import Markdown
    from rich.segment import Segment, Segments

# A screen that is drawn more often looks no smoother.
_BETWEEN_DRAWINGS = 1 / 20  # seconds
# A long block takes longer to draw: the model shall have most of the time anyway.
_RESTS = 5
# Lines of the screen that the growing block leaves free.
_SPARE_LINES = 3


class MarkdownStream:
    """Markdown that comes in pieces: `feed` them, then `close`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pending = ""
        self._printed = 0  # lines of the pending block that stand above the drawn part
        self._blocks = 0
        self._live: Live | None = None
        self._next_drawing = 0.0

    def feed(self, text: str) -> None:
        self._pending += text
        began = time.monotonic()
        if began >= self._next_drawing:
            self._print_whole_blocks()
            self._draw()
            ended = time.monotonic()
            self._next_drawing = ended + max(_BETWEEN_DRAWINGS, _RESTS * (ended - began))

    def close(self) -> None:
        """Print what is pending. The stream can be fed again."""
        self._print_whole_blocks()
        self._print_block(self._pending)
        self._pending = ""

    def _print_whole_blocks(self) -> None:
        lines = self._pending.splitlines(keepends=True)
        ended = lines if self._pending.endswith("\n") else lines[:-1]
        starts = _block_starts("".join(ended))
        for start, end in pairwise(starts):
            self._print_block("".join(lines[start:end]))
        if len(starts) > 1:
            self._pending = "".join(lines[starts[-1] :])

    def _print_block(self, text: str) -> None:
        self._stop_drawing()
        rendered = self._lines(text)
        self._put(rendered[self._printed :])
        self._printed = 0
        self._blocks += bool(rendered)

    def _put(self, lines: list[list[Segment]]) -> None:
        if not lines:
            return
        if self._blocks and not self._printed:
            self._console.print()
        self._console.print(_joined(lines), end="")

    def _draw(self) -> None:
        """The pending block: its last lines within the drawn part, those before them above it."""
        from rich.live import Live

        rendered = self._lines(self._pending)
        room = max(self._console.height - _SPARE_LINES, 1)
        beyond = len(rendered) - room
        if self._live is None:
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()
        if beyond > self._printed:
            self._put(rendered[self._printed : beyond])
            self._printed = beyond
        shown = rendered[self._printed :]
        if self._blocks and not self._printed and rendered:
            shown = [[], *shown]  # the blank line between two blocks
        self._live.update(_joined(shown), refresh=True)

    def _stop_drawing(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _lines(self, text: str) -> list[list[Segment]]:
        if not text.strip():
            return []
        options = self._console.options.update(height=None)
        lines = self._console.render_lines(_markdown(text), options, pad=False)
        full = [at for at, line in enumerate(lines) if "".join(piece.text for piece in line).strip()]
        return [_trimmed(line) for line in lines[full[0] : full[-1] + 1]] if full else []


def _trimmed(line: list[Segment]) -> list[Segment]:
    """A line without the spaces that fill it up: who copies text wants none."""
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip())
    return kept


def _joined(lines: list[list[Segment]]) -> Segments:
    from rich.segment import Segment, Segments

    flat = [piece for line in lines for piece in (*line, Segment.line())]
    return Segments(flat)


def _parsed(text: str) -> list[Token]:
    """Tokens of CommonMark with tables; HTML is text, and a line break is one."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt().enable(["strikethrough", "table"]).disable(["html_block", "html_inline"])
    tokens = parser.parse(text)
    for token in tokens:
        for child in token.children or ():
            if child.type == "softbreak":
                child.type = "hardbreak"
    return tokens


def _block_starts(text: str) -> list[int]:
    """The first line of each block that stands by itself, counted from 0."""
    return [token.map[0] for token in _parsed(text) if token.level == 0 and token.nesting >= 0 and token.map]


def _markdown(text: str) -> Markdown:
    from rich.markdown import Markdown

    # Colours of the terminal's own palette stand on any background.
    markdown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    markdown.parsed = _parsed(text)
    return markdown
