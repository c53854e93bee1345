"""A YAML text as a tree of spans: where each key and value begins and ends in the text, aliases as written.

`document.parse` builds values; this is for changing the text itself. The text must have been read without
problems before: limits are not held here again. Positions count characters from 0; a span's end stands
behind its last character, without the comment, blank lines and line break that may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from mlxk.config.yaml.strict import TAG, events, plain_tag


@dataclass(frozen=True, slots=True)
class ScalarSpan:
    """`style` is the quotation mark, `|` or `>`, and None for a plain one."""

    start: int
    end: int
    value: str
    tag: str
    style: str | None
    anchor: str | None


@dataclass(frozen=True, slots=True)
class AliasSpan:
    start: int
    end: int
    target: Span = field(repr=False)
    anchor: str


@dataclass(frozen=True, slots=True)
class ListSpan:
    start: int
    end: int
    items: tuple[Span, ...]
    flow: bool
    anchor: str | None


@dataclass(frozen=True, slots=True)
class MapSpan:
    start: int
    end: int
    pairs: tuple[tuple[ScalarSpan, Span], ...]
    flow: bool
    anchor: str | None

    def index(self, name: str) -> int | None:
        """The place of a key among the pairs."""
        return next((at for at, (key, _) in enumerate(self.pairs) if key.value == name), None)

    def value(self, name: str) -> Span | None:
        at = self.index(name)
        return None if at is None else self.pairs[at][1]


Span = ScalarSpan | AliasSpan | ListSpan | MapSpan


def parse(text: str) -> Span:
    """The one document in `text`. Raises `yaml.YAMLError` for what is no YAML."""
    return _Parser(text).document()


def data(span: Span) -> object:
    """What the text says, to compare: mappings and lists of (tag, text), aliases replaced by their value."""
    match span:
        case ScalarSpan():
            return span.tag, span.value
        case AliasSpan():
            return data(span.target)
        case ListSpan():
            return [data(item) for item in span.items]
        case MapSpan():
            return {key.value: data(value) for key, value in span.pairs}


def walk(span: Span) -> Iterator[Span]:
    """The span and all below it; aliases are not followed."""
    yield span
    match span:
        case ListSpan():
            for item in span.items:
                yield from walk(item)
        case MapSpan():
            for key, value in span.pairs:
                yield key
                yield from walk(value)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.events = events(text)
        self.anchors: dict[str, Span] = {}

    def document(self) -> Span:
        for event in self.events:
            if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                return self.span(event)
        raise yaml.YAMLError("no document")

    def span(self, event: yaml.Event) -> Span:
        start, end = _marks(event)
        match event:
            case yaml.AliasEvent():
                if event.anchor not in self.anchors:
                    raise yaml.YAMLError(f"no such anchor: {event.anchor}")
                return AliasSpan(start, end, self.anchors[event.anchor], event.anchor)
            case yaml.ScalarEvent():
                found: Span = ScalarSpan(
                    start, self.scalar_end(event), event.value, _tag(event), event.style, event.anchor
                )
            case yaml.SequenceStartEvent():
                items, end = self.items(end)
                found = ListSpan(start, end, items, bool(event.flow_style), event.anchor)
            case yaml.MappingStartEvent():
                pairs, end = self.pairs(end)
                found = MapSpan(start, end, pairs, bool(event.flow_style), event.anchor)
            case _:
                raise yaml.YAMLError(f"no value: {type(event).__name__}")
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def items(self, end: int) -> tuple[tuple[Span, ...], int]:
        items: list[Span] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return tuple(items), _last(event, end)
            items.append(self.span(event))
            end = items[-1].end
        raise yaml.YAMLError("a list without its end")

    def pairs(self, end: int) -> tuple[tuple[tuple[ScalarSpan, Span], ...], int]:
        pairs: list[tuple[ScalarSpan, Span]] = []
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                return tuple(pairs), _last(event, end)
            key = self.span(event)
            if not isinstance(key, ScalarSpan):
                raise yaml.YAMLError("a key that is no plain text")
            pairs.append((key, self.span(next(self.events))))
            end = pairs[-1][1].end
        raise yaml.YAMLError("a mapping without its end")

    def scalar_end(self, event: yaml.ScalarEvent) -> int:
        """Where a scalar's text ends.

        A block scalar's event ends where the next thing begins: the blank lines between belong to it only
        where its header says so (`|+`).
        """
        start, end = _marks(event)
        if event.style not in ("|", ">"):
            return end
        written = self.text[start:end]
        keeps = "+" in written.splitlines()[0].partition("#")[0]
        last = re.compile(r"(?:\r\n|[\r\n])\Z" if keeps else r"[\r\n]+\Z")
        return start + len(last.sub("", written))


def _last(event: yaml.Event, end: int) -> int:
    """A mapping or list in braces ends at its brace, another one with its last value."""
    start, behind = _marks(event)
    return behind if behind > start else end


def _marks(event: yaml.Event) -> tuple[int, int]:
    if event.start_mark is None or event.end_mark is None:
        raise TypeError("a parser's events have their places")
    return event.start_mark.index, event.end_mark.index


def _tag(event: yaml.ScalarEvent) -> str:
    if event.tag is not None and event.tag != "!":
        return str(event.tag)
    plain, _ = event.implicit
    return plain_tag(event.value) if plain else TAG + "str"
