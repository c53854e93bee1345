"""Text that comes in pieces, shown while it grows: Markdown, or plain text.

It is rendered block by block. A block that is whole is printed once; only the one at the end is drawn anew as
it grows, and of that only as much as fits the screen: what has grown beyond it is printed too, line by line.
So nothing is lost for those who scroll back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mlxk.render.tail import Tail

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import RenderableType
    from rich.markdown import Markdown
    from rich.segment import Segment

    from mlxk.render.tail import Line


@dataclass(frozen=True, slots=True)
class Notation:
    """How text is read. `starts` gives the first line of each block, counted from 0.

    `gap`: whether a blank line stands between two.
    """

    render: Callable[[str], RenderableType]
    starts: Callable[[str], Sequence[int]]
    gap: bool


class Growing:
    """`feed` it with pieces, then `close` it."""

    def __init__(self, tail: Tail, notation: Notation) -> None:
        self._tail = tail
        self._notation = notation
        self._pending = ""
        self._printed = 0  # lines of the pending block that stand above the drawn part
        self._blocks = 0

    def feed(self, text: str) -> None:
        self._pending += text
        if self._tail.due():
            self._draw()

    def close(self) -> None:
        """Print what is pending. The tail stays, without text; it can be fed again."""
        done = [*self._whole_blocks(), *self._block(self._pending.rstrip())]
        self._pending = ""
        self._tail.draw(done, [])

    def _draw(self) -> None:
        done = self._whole_blocks()
        rendered = self._lines(self._pending)
        beyond = len(rendered) - self._tail.room
        if beyond > self._printed:
            done += self._below(rendered[self._printed : beyond])
            self._printed = beyond
        self._tail.draw(done, self._below(rendered[self._printed :]))

    def _whole_blocks(self) -> list[Line]:
        """The lines of all blocks that nothing can be added to; they are pending no longer."""
        lines = self._pending.splitlines(keepends=True)
        ended = lines if self._pending.endswith("\n") else lines[:-1]
        starts = self._notation.starts("".join(ended))
        done = [line for start, end in pairwise(starts) for line in self._block("".join(lines[start:end]))]
        if len(starts) > 1:
            self._pending = "".join(lines[starts[-1] :])
        return done

    def _block(self, text: str) -> list[Line]:
        """What is not printed yet of a whole block."""
        rendered = self._lines(text)
        done = self._below(rendered[self._printed :])
        self._printed = 0
        self._blocks += bool(rendered)
        return done

    def _below(self, lines: list[Line]) -> list[Line]:
        """Lines of a block below those before it."""
        first = lines and self._blocks and not self._printed
        return [[], *lines] if first and self._notation.gap else lines

    def _lines(self, text: str) -> list[Line]:
        if not text.strip() and (self._notation.gap or not text or not self._blocks):
            return []
        console = self._tail.console
        options = console.options.update(height=None)
        lines = console.render_lines(self._notation.render(text), options, pad=False)
        return [_trimmed(line) for line in (_without_blank_ends(lines) if self._notation.gap else lines)]


def _without_blank_ends(lines: list[Line]) -> list[Line]:
    full = [at for at, line in enumerate(lines) if "".join(piece.text for piece in line).strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def _trimmed(line: Line) -> list[Segment]:
    """A line without the spaces that fill it up: who copies text wants none."""
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip())
    return kept


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
    return [token.map[0] for token in _parsed(text) if token.level == 0 and token.nesting >= 0 and token.map]


def _markdown(text: str) -> Markdown:
    from rich.markdown import Markdown

    # Colours of the terminal's own palette stand on any background.
    markdown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    markdown.parsed = _parsed(text)
    return markdown


def plain(style: str = "") -> Notation:
    """Text as it is: each line is a block."""

    def render(text: str) -> RenderableType:
        from rich.text import Text

        return Text(text.removesuffix("\n"), style)

    return Notation(render, lambda text: range(len(text.splitlines())), gap=False)


MARKDOWN = Notation(_markdown, _block_starts, gap=True)
