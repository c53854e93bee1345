"""How a YAML text is written: its lines, its indentation, its comments, and its values as they stand."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mlxk.config.yaml.spans import AliasSpan, ListSpan, MapSpan, ScalarSpan, Span, walk

BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT_LINE = re.compile(r"( *)#")
COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")


class Unchangeable(Exception):
    """The text is written in a way that cannot be changed safely; the message says how."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A text and how it is written: its line break and its step of indentation."""

    text: str = field(repr=False)
    newline: str
    step: int
    starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, text: str, root: MapSpan) -> Layout:
        breaks = list(BREAK.finditer(text))
        starts = (0, *(found.end() for found in breaks))
        layout = cls(text, breaks[0][0] if breaks else "\n", 2, starts)
        return cls(text, layout.newline, layout._nesting(root) or 2, starts)

    def _nesting(self, span: MapSpan) -> int | None:
        """How much further in the first mapping within a mapping stands."""
        for key, value in span.pairs:
            if isinstance(value, MapSpan) and not value.flow and value.pairs:
                return self.column(value.pairs[0][0].start) - self.column(key.start)
        return None

    # Lines, which count from 0; so do columns.

    def line(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def column(self, position: int) -> int:
        return position - self.starts[self.line(position)]

    def line_end(self, position: int) -> int:
        """Where the line ends, before its break."""
        found = BREAK.search(self.text, position)
        return found.start() if found else len(self.text)

    def next_line(self, position: int) -> int:
        found = BREAK.search(self.text, position)
        return found.end() if found else len(self.text)

    def own_line(self, key: ScalarSpan) -> int:
        """Where the line of a key in a block begins, if nothing else stands before it there."""
        start = self.starts[self.line(key.start)]
        if self.text[start : key.start].strip(" "):
            raise Unchangeable("something stands before the key in its line")
        return start

    def comments_above(self, key: ScalarSpan) -> int:
        """Where the comment lines of a key begin: those right above it, as far in as it is.

        A comment that begins the file is the file's.
        """
        own = self.own_line(key)
        line = self.line(own)
        while line > 0:
            found = _COMMENT_LINE.match(self.text, self.starts[line - 1])
            if found is None or len(found[1]) != self.column(key.start):
                break
            line -= 1
        return own if line == 0 else self.starts[line]

    # Pieces

    def value_text(self, value: Span) -> str:
        """A value as it can stand within braces, in one line."""
        written = self.text[value.start : value.end]
        match value:
            case AliasSpan():
                return written
            case ScalarSpan(anchor=None) if value.style in ("|", ">") or BREAK.search(written):
                return json.dumps(value.value, ensure_ascii=False)
            case ScalarSpan(anchor=None, style=None) if re.search(r"[,\[\]{}]", written):
                return json.dumps(value.value, ensure_ascii=False)
            case ListSpan() if not value.flow and value.anchor is None:
                self._without_comments(value)
                return f"[{', '.join(self.value_text(item) for item in value.items)}]"
            case MapSpan() if not value.flow and value.anchor is None:
                self._without_comments(value)
                pairs = (f"{self.value_text(key)}: {self.value_text(below)}" for key, below in value.pairs)
                return f"{{{', '.join(pairs)}}}"
            case _ if BREAK.search(written):
                raise Unchangeable("the value goes over several lines")
            case _:
                return written or "null"

    def _without_comments(self, value: Span) -> None:
        if any(COMMENT.search(gap) for gap in self.gaps(value.start, value, value.end)):
            raise Unchangeable("there are comments in the value")

    def gaps(self, start: int, value: Span, end: int) -> Iterator[str]:
        """The text from `start` to `end` that belongs to no scalar of the value: marks, spaces, comments."""
        for scalar in _scalars(value):
            yield self.text[start : scalar.start]
            start = scalar.end
        yield self.text[start:end]

    def comments(self, key: ScalarSpan, value: Span) -> list[str]:
        """The comments between a key and the end of its value's last line."""
        gaps = self.gaps(key.end, value, self.line_end(value.end))
        return [found[0].rstrip() for gap in gaps for found in COMMENT.finditer(gap)]

    def shifted(self, text: str, by: int) -> str:
        """Lines after the first, further in or out."""
        first, *rest = re.split(f"({BREAK.pattern})", text)
        for index in range(1, len(rest), 2):
            line = rest[index]
            indent = len(line) - len(line.lstrip(" "))
            rest[index] = (" " * by + line if line else line) if by > 0 else line[min(-by, indent) :]
        return first + "".join(rest)

    def nested(self, keys: Sequence[str], column: int, rest: str) -> str:
        """Keys below each other; the first without its indentation, the last followed by `rest`."""
        lines = [
            (" " * (column + self.step * depth) if depth else "") + key for depth, key in enumerate(keys)
        ]
        return f":{self.newline}".join(lines) + rest


def _scalars(span: Span) -> Iterator[Span]:
    return (each for each in walk(span) if not isinstance(each, ListSpan | MapSpan))
