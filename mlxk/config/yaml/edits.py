"""Changes to a YAML text that leave every other byte alone: a key renamed, wrapped, moved or taken away.

An edit replaces a span of the text. The functions here make the edits; whether the result says what was meant
is for the caller to check, by reading it again. A comment is never lost: it goes with its key where that goes
into a block, and stays as a line of its own otherwise.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mlxk.config.yaml.spans import AliasSpan, ListSpan, MapSpan, ScalarSpan, Span

_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT_LINE = re.compile(r"( *)#")
_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")


class Unchangeable(Exception):
    """The text is written in a way that cannot be changed safely; the message says how."""


@dataclass(frozen=True, slots=True)
class Edit:
    start: int
    end: int
    text: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def touch(edits: Sequence[Edit], others: Sequence[Edit]) -> bool:
    return any(a.start <= b.end and b.start <= a.end for a in edits for b in others)


@dataclass(frozen=True, slots=True)
class Layout:
    """A text and how it is written: its line break and its step of indentation."""

    text: str = field(repr=False)
    newline: str
    step: int
    starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, text: str, root: MapSpan) -> Layout:
        breaks = list(_BREAK.finditer(text))
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
        found = _BREAK.search(self.text, position)
        return found.start() if found else len(self.text)

    def next_line(self, position: int) -> int:
        found = _BREAK.search(self.text, position)
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
            case ScalarSpan(anchor=None) if value.style in ("|", ">") or _BREAK.search(written):
                return json.dumps(value.value, ensure_ascii=False)
            case ScalarSpan(anchor=None, style=None) if re.search(r"[,\[\]{}]", written):
                return json.dumps(value.value, ensure_ascii=False)
            case ListSpan() if not value.flow and value.anchor is None:
                self._no_comments(value)
                return f"[{', '.join(self.value_text(item) for item in value.items)}]"
            case MapSpan() if not value.flow and value.anchor is None:
                self._no_comments(value)
                pairs = (f"{self.value_text(key)}: {self.value_text(below)}" for key, below in value.pairs)
                return f"{{{', '.join(pairs)}}}"
            case _ if _BREAK.search(written):
                raise Unchangeable("the value goes over several lines")
            case _:
                return written or "null"

    def _no_comments(self, value: Span) -> None:
        if any(_COMMENT.search(gap) for gap in self._gaps(value.start, value, value.end)):
            raise Unchangeable("there are comments in the value")

    def _gaps(self, start: int, value: Span, end: int) -> Iterator[str]:
        """The text from `start` to `end` that belongs to no scalar of the value: marks, spaces, comments."""
        for scalar in _scalars(value):
            yield self.text[start : scalar.start]
            start = scalar.end
        yield self.text[start:end]

    def _comments(self, key: ScalarSpan, value: Span) -> list[str]:
        """The comments between a key and the end of its value's last line."""
        gaps = self._gaps(key.end, value, self.line_end(value.end))
        return [found[0].rstrip() for gap in gaps for found in _COMMENT.finditer(gap)]

    def shifted(self, text: str, by: int) -> str:
        """Lines after the first, further in or out."""
        first, *rest = re.split(f"({_BREAK.pattern})", text)
        for index in range(1, len(rest), 2):
            line = rest[index]
            indent = len(line) - len(line.lstrip(" "))
            rest[index] = (" " * by + line if line else line) if by > 0 else line[min(-by, indent) :]
        return first + "".join(rest)

    def _nested(self, keys: Sequence[str], column: int, rest: str) -> str:
        """Keys below each other; the first without its indentation, the last followed by `rest`."""
        lines = [
            (" " * (column + self.step * depth) if depth else "") + key for depth, key in enumerate(keys)
        ]
        return f":{self.newline}".join(lines) + rest

    # Changes

    def renamed(self, key: ScalarSpan, name: str) -> Edit:
        if key.anchor is not None or key.style not in (None, "'", '"'):
            raise Unchangeable("the key has an anchor")
        quote = key.style or ""
        return Edit(key.start, key.end, f"{quote}{name}{quote}")

    def replaced(self, value: Span, text: str) -> Edit:
        if not isinstance(value, ScalarSpan) and _BREAK.search(self.text, value.start, value.end):
            raise Unchangeable("the value goes over several lines")
        space = " " if self.text[value.start - 1] == ":" else ""
        return Edit(value.start, value.end, space + text)

    def wrapped(self, inside: MapSpan, at: int, keys: Sequence[str], new: str | None) -> Edit:
        """`a: 1` as `x: {y: 1}`, in place; `new` is the value if it changes."""
        key, value = inside.pairs[at]
        self.renamed(key, keys[-1])
        if inside.flow:
            return Edit(key.start, value.end, braced(keys, new or self.value_text(value)))
        self.own_line(key)
        rest = self._rest(key, value, new, self.step * (len(keys) - 1))
        return Edit(key.start, value.end, self._nested(keys, self.column(key.start), rest))

    def _rest(self, key: ScalarSpan, value: Span, new: str | None, by: int) -> str:
        if new is None:
            return self.shifted(self.text[key.end : value.end], by)
        if any(_COMMENT.search(gap) for gap in self._gaps(key.end, value, value.end)):
            raise Unchangeable("there are comments in the value")
        return f": {new}"

    def added(
        self, home: MapSpan, behind: int, keys: Sequence[str], entry: str, tail: str = "", above: str = ""
    ) -> Edit:
        """An entry behind another one of `home`; in a block, with comments above it and behind it."""
        if home.flow:
            if not home.pairs:
                return Edit(home.end - 1, home.end - 1, braced(keys, entry))
            last = home.pairs[behind][1].end
            return Edit(last, last, f", {braced(keys, entry)}")
        column = self.column(home.pairs[0][0].start)
        rest = entry if entry.startswith(":") else f": {entry}"
        text = above + " " * column + self._nested(keys, column, rest) + tail
        at = self.next_line(home.pairs[behind][1].end)
        ended = at > 0 and _BREAK.fullmatch(self.text[at - 1]) is not None
        return Edit(at, at, text + self.newline if ended else self.newline + text)

    def moved(
        self, source: MapSpan, at: int, home: MapSpan, behind: int, keys: Sequence[str], new: str | None
    ) -> Edit:
        """`added`, of an entry of another block, with its comments."""
        key, value = source.pairs[at]
        column = self.column(home.pairs[0][0].start)
        by = column - self.column(key.start)
        above = self.text[self.comments_above(key) : self.own_line(key)]
        above = self.shifted(self.newline + above, by)[len(self.newline) :] if above else ""
        rest = self._rest(key, value, new, by + self.step * (len(keys) - 1))
        tail = self.text[value.end : self.line_end(value.end)]
        return self.added(home, behind, keys, rest, tail, above)

    def removed(self, source: MapSpan, at: int, *, with_comments: bool) -> Edit:
        """An entry with its line, and its comments if those went along."""
        key, value = source.pairs[at]
        if source.flow:
            return self._removed_from_braces(source, at)
        own = self.own_line(key)
        end = self.next_line(value.end)
        if with_comments:
            return Edit(self.comments_above(key), end, "")
        indent = self.text[own : key.start]
        kept = [f"{indent}{comment}{self.newline}" for comment in self._comments(key, value)]
        return Edit(own, end, "".join(kept))

    def _removed_from_braces(self, source: MapSpan, at: int) -> Edit:
        key, value = source.pairs[at]
        if at + 1 < len(source.pairs):
            start, end = key.start, source.pairs[at + 1][0].start
        else:
            start, end = source.pairs[at - 1][1].end if at else key.start, value.end
        gaps = [self.text[start : key.start], *self._gaps(key.end, value, end)]
        if any(_COMMENT.search(gap) for gap in gaps):
            raise Unchangeable("a comment stands between braces")
        return Edit(start, end, "")


def _scalars(span: Span) -> Iterator[Span]:
    match span:
        case ListSpan():
            for item in span.items:
                yield from _scalars(item)
        case MapSpan():
            for key, value in span.pairs:
                yield key
                yield from _scalars(value)
        case _:
            yield span


def braced(keys: Sequence[str], value: str) -> str:
    return f"{keys[0]}: {value}" if len(keys) == 1 else f"{keys[0]}: {{{braced(keys[1:], value)}}}"
