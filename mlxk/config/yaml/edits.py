"""Changes to a YAML text that leave every other byte alone: a key renamed, wrapped, moved or taken away.

An edit replaces a span of the text. The functions here make the edits; whether the result says what was meant
is for the caller to check, by reading it again. A comment is never lost: it goes with its key where that goes
into a block, and stays as a line of its own otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlxk.config.yaml.layout import BREAK, COMMENT, Layout, Unchangeable
from mlxk.config.yaml.spans import MapSpan, ScalarSpan, Span


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


def renamed(layout: Layout, key: ScalarSpan, name: str) -> Edit:
    if key.anchor is not None or key.style not in (None, "'", '"'):
        raise Unchangeable("the key has an anchor")
    quote = key.style or ""
    return Edit(key.start, key.end, f"{quote}{name}{quote}")


def replaced(layout: Layout, value: Span, text: str) -> Edit:
    if not isinstance(value, ScalarSpan) and BREAK.search(layout.text, value.start, value.end):
        raise Unchangeable("the value goes over several lines")
    space = " " if layout.text[value.start - 1] == ":" else ""
    return Edit(value.start, value.end, space + text)


def wrapped(layout: Layout, inside: MapSpan, at: int, keys: Sequence[str], new: str | None) -> Edit:
    """`a: 1` as `x: {y: 1}`, in place; `new` is the value if it changes."""
    key, value = inside.pairs[at]
    renamed(layout, key, keys[-1])
    if inside.flow:
        return Edit(key.start, value.end, braced(keys, new or layout.value_text(value)))
    layout.own_line(key)
    rest = _rest(layout, key, value, new, layout.step * (len(keys) - 1))
    return Edit(key.start, value.end, layout.nested(keys, layout.column(key.start), rest))


def _rest(layout: Layout, key: ScalarSpan, value: Span, new: str | None, by: int) -> str:
    if new is None:
        return layout.shifted(layout.text[key.end : value.end], by)
    if any(COMMENT.search(gap) for gap in layout.gaps(key.end, value, value.end)):
        raise Unchangeable("there are comments in the value")
    return f": {new}"


def added(
    layout: Layout,
    home: MapSpan,
    behind: int,
    keys: Sequence[str],
    entry: str,
    tail: str = "",
    above: str = "",
) -> Edit:
    """An entry behind another one of `home`; in a block, with comments above it and behind it."""
    if home.flow:
        if not home.pairs:
            return Edit(home.end - 1, home.end - 1, braced(keys, entry))
        last = home.pairs[behind][1].end
        return Edit(last, last, f", {braced(keys, entry)}")
    column = layout.column(home.pairs[0][0].start)
    rest = entry if entry.startswith(":") else f": {entry}"
    text = above + " " * column + layout.nested(keys, column, rest) + tail
    at = layout.next_line(home.pairs[behind][1].end)
    ended = at > 0 and BREAK.fullmatch(layout.text[at - 1]) is not None
    return Edit(at, at, text + layout.newline if ended else layout.newline + text)


def moved(
    layout: Layout, source: MapSpan, at: int, home: MapSpan, behind: int, keys: Sequence[str], new: str | None
) -> Edit:
    """`added`, of an entry of another block, with its comments."""
    key, value = source.pairs[at]
    column = layout.column(home.pairs[0][0].start)
    by = column - layout.column(key.start)
    above = layout.text[layout.comments_above(key) : layout.own_line(key)]
    above = layout.shifted(layout.newline + above, by)[len(layout.newline) :] if above else ""
    rest = _rest(layout, key, value, new, by + layout.step * (len(keys) - 1))
    tail = layout.text[value.end : layout.line_end(value.end)]
    return added(layout, home, behind, keys, rest, tail, above)


def removed(layout: Layout, source: MapSpan, at: int, *, with_comments: bool) -> Edit:
    """An entry with its line, and its comments if those went along."""
    key, value = source.pairs[at]
    if source.flow:
        return _removed_from_braces(layout, source, at)
    own = layout.own_line(key)
    end = layout.next_line(value.end)
    if with_comments:
        return Edit(layout.comments_above(key), end, "")
    indent = layout.text[own : key.start]
    kept = [f"{indent}{comment}{layout.newline}" for comment in layout.comments(key, value)]
    return Edit(own, end, "".join(kept))


def _removed_from_braces(layout: Layout, source: MapSpan, at: int) -> Edit:
    key, value = source.pairs[at]
    if at + 1 < len(source.pairs):
        start, end = key.start, source.pairs[at + 1][0].start
    else:
        start, end = source.pairs[at - 1][1].end if at else key.start, value.end
    gaps = [layout.text[start : key.start], *layout.gaps(key.end, value, end)]
    if any(COMMENT.search(gap) for gap in gaps):
        raise Unchangeable("a comment stands between braces")
    return Edit(start, end, "")


def braced(keys: Sequence[str], value: str) -> str:
    return f"{keys[0]}: {value}" if len(keys) == 1 else f"{keys[0]}: {{{braced(keys[1:], value)}}}"
