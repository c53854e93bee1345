"""Which keys of a text have another name here, and where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlxk.config import renames, shape
from mlxk.config.origins import KeyPath, dotted
from mlxk.config.renames import Keys, Rename, Written
from mlxk.config.yaml.layout import Layout, Unchangeable
from mlxk.config.yaml.spans import AliasSpan, ListSpan, MapSpan, ScalarSpan, Span, walk


@dataclass(frozen=True, slots=True)
class Scope:
    """A mapping of settings in the text, its place, and its part of the schema."""

    span: MapSpan
    path: KeyPath
    annotation: Any

    def containers(self) -> Iterator[tuple[Keys, Span]]:
        """The scope itself, and its sections."""
        yield (), self.span
        for name in renames.containers(self.annotation):
            section = self.span.value(name)
            if isinstance(section, MapSpan | AliasSpan):
                yield (name,), section


@dataclass(frozen=True, slots=True)
class Move:
    """Entries of one mapping that become one key of their scope. `new` is the value, if it changes."""

    scope: Scope
    container: Keys
    source: MapSpan
    at: tuple[int, ...]
    to: Keys
    new: str | None = None

    @property
    def keys(self) -> list[ScalarSpan]:
        return [self.source.pairs[at][0] for at in self.at]

    @property
    def value(self) -> Span:
        return self.source.pairs[self.at[0]][1]

    @property
    def empties(self) -> bool:
        """Whether nothing stays in the section that the entries leave."""
        return bool(self.container) and len(self.at) == len(self.source.pairs)

    @property
    def target(self) -> str:
        return dotted((*self.scope.path, *self.to))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What cannot be changed, and what to do."""

    message: str
    span: Span
    help: str | None = None


def find(root: MapSpan, annotation: Any, layout: Layout) -> Iterator[Move | Obstacle]:
    """Everything in the text that has another name here."""
    shared = {id(span.target) for span in walk(root) if isinstance(span, AliasSpan)}
    for scope in _scopes(root, annotation, ()):
        found: dict[Keys, list[tuple[Rename, Keys, MapSpan, int]]] = {}
        for container, section in scope.containers():
            for source, at, row in _named(section, scope, container):
                key = source.pairs[at][0]
                if source is not section or id(source) in shared:
                    what = f"`{key.value}` is `{dotted((*scope.path, *row.to))}` here, but"
                    yield Obstacle(f"{what} other places share it through an anchor", key, "move it by hand")
                else:
                    found.setdefault(row.to, []).append((row, container, source, at))
        for entries in found.values():
            yield _move(scope, entries, layout)


def _scopes(span: Span, annotation: Any, path: KeyPath) -> Iterator[Scope]:
    if not isinstance(span, MapSpan):
        return
    if renames.is_scope(annotation):
        yield Scope(span, path, annotation)
    for key, value in span.pairs:
        below = shape.child(annotation, key.value)
        if below is not None:
            yield from _scopes(value, below, (*path, key.value))


def _named(section: Span, scope: Scope, container: Keys) -> Iterator[tuple[MapSpan, int, Rename]]:
    """The entries with another tool's names, also those that come in through an alias or `<<`."""
    if isinstance(section, AliasSpan):
        section = section.target
    if not isinstance(section, MapSpan):
        return
    for at, (key, value) in enumerate(section.pairs):
        if key.value == "<<" and key.style is None:
            for merged in value.items if isinstance(value, ListSpan) else (value,):
                yield from _named(merged, scope, container)
            continue
        row = renames.find(key.value, _kind(value), scope.annotation, container)
        appends = key.value.endswith("+")
        if row is not None and (not appends or shape.is_list(shape.at(scope.annotation, row.to))):
            yield section, at, row


def _kind(value: Span) -> str:
    match value:
        case AliasSpan():
            return _kind(value.target)
        case ListSpan():
            return "seq"
        case MapSpan():
            return "map"
        case ScalarSpan():
            return value.tag.rpartition(":")[2]


def _move(scope: Scope, entries: list[tuple[Rename, Keys, MapSpan, int]], layout: Layout) -> Move | Obstacle:
    """The one move to a place; an obstacle if several want to go there."""
    row, container, source, first = entries[0]
    at = tuple(index for _, _, _, index in entries)
    key, value = source.pairs[first]
    target = dotted((*scope.path, *row.to))
    names = {renames.normal(where.pairs[index][0].value) for _, _, where, index in entries}
    together = row.joined and len(names) == len(at) and {where for _, where, _, _ in entries} == {container}
    if len(entries) > 1 and not together:
        _, _, other, index = entries[1]
        again = other.pairs[index][0]
        message = f"`{again.value}` and `{key.value}` are both `{target}` here"
        return Obstacle(message, again, "remove one of them")
    to = (*row.to[:-1], row.to[-1] + "+" * key.value.endswith("+"))
    if row.convert is None:
        return Move(scope, container, source, at, to)
    try:
        values = {renames.normal(source.pairs[i][0].value): _written(source.pairs[i][1], layout) for i in at}
    except Unchangeable as error:
        return Obstacle(f"`{key.value}` is `{target}` here, but {error}", key, "move it by hand")
    new = row.convert(values)
    if new is None:
        return Obstacle(f"`{key.value}` is `{target}` here, but not with this value", value, row.help)
    changes = len(at) > 1 or new != values[renames.normal(key.value)].text
    if changes and any(isinstance(source.pairs[index][1], AliasSpan) for index in at):
        return Obstacle(
            f"`{key.value}` is `{target}` here, but its value is an alias", value, "move it by hand"
        )
    return Move(scope, container, source, at, to, new if changes else None)


def _written(value: Span, layout: Layout) -> Written:
    if isinstance(value, ScalarSpan):
        return Written(_kind(value), value.value, layout.value_text(value))
    # What is not plain text goes as it is: nobody needs it as one line.
    return Written(_kind(value), "", layout.text[value.start : value.end])
