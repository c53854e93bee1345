"""Values that know where they came from: a tree of `Table`, `Items` and `Scalar`, each with its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlxk.config.origins import KeyPath, Origin

Atom = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain value.

    `text` is set where the type was inferred from text of no YAML file (environment, `--set`,
    interpolation): a field of type string takes it instead. `expression` is the `${…}` text that gave
    the value: it is what may be shown. `style` is YAML's quotation mark, if any.
    """

    value: Atom
    origin: Origin
    text: str | None = None
    expression: str | None = None
    style: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `appends` as long as it waits for the list that it goes behind."""

    items: tuple[Value, ...]
    origin: Origin
    appends: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A value under its key; `key` is where the key stands."""

    key: Origin
    value: Value


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; `replaces` says that what is below must not shine through."""

    entries: Mapping[str, Entry]
    origin: Origin
    replaces: bool = False


Value = Scalar | Items | Table


def is_unset(value: Value) -> bool:
    return isinstance(value, Scalar) and value.value is None


def lookup(value: Value, path: Sequence[str | int]) -> Value | None:
    """The node at `path`, or `None` where there is none."""
    for segment in path:
        match value, segment:
            case Table(), str() if segment in value.entries:
                value = value.entries[segment].value
            case Items(), int() if segment < len(value.items):
                value = value.items[segment]
            case _:
                return None
    return value


def key_origin(value: Value, path: Sequence[str | int]) -> Origin | None:
    """Where the last key of `path` stands; for a list item, where the item stands."""
    parent = lookup(value, path[:-1])
    if path and isinstance(parent, Table) and isinstance(path[-1], str):
        entry = parent.entries.get(path[-1])
        return entry.key if entry is not None else None
    node = lookup(value, path)
    return node.origin if node is not None else None


def leaves(value: Value, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Value]]:
    """Every scalar, empty list and empty table with its path."""
    match value:
        case Table() if value.entries:
            for key, entry in value.entries.items():
                yield from leaves(entry.value, (*path, key))
        case Items() if value.items:
            for index, item in enumerate(value.items):
                yield from leaves(item, (*path, index))
        case _:
            yield path, value


def plain(value: Value, *, shown: bool = False) -> object:
    """The tree as Python data; `shown` puts `${…}` expressions in place of what they gave."""
    match value:
        case Table():
            return {key: plain(entry.value, shown=shown) for key, entry in value.entries.items()}
        case Items():
            return [plain(item, shown=shown) for item in value.items]
        case Scalar():
            return value.expression if shown and value.expression is not None else value.value


def from_plain(data: object, origin: Origin) -> Value:
    """Python data as a tree in which everything has one origin."""
    match data:
        case Mapping():
            return Table({str(k): Entry(origin, from_plain(v, origin)) for k, v in data.items()}, origin)
        case list() | tuple():
            return Items(tuple(from_plain(item, origin) for item in data), origin)
        case None | bool() | int() | float() | str():
            return Scalar(data, origin)
        case _:
            raise TypeError(f"no profile value: {type(data).__name__}")


def nested(path: Sequence[str | int], value: Value, origin: Origin) -> Table:
    """A tree that holds nothing but `value` at `path`, which consists of keys."""
    for segment in reversed(path):
        value = Table({str(segment): Entry(origin, value)}, origin)
    if not isinstance(value, Table):
        raise TypeError("a path has at least one key")
    return value


def with_each(value: Value, change: Callable[[Value], Value]) -> Value:
    """A mapping with each of its values changed; nothing else."""
    if not isinstance(value, Table):
        return value
    entries = {name: Entry(item.key, change(item.value)) for name, item in value.entries.items()}
    return replace(value, entries=entries)


def with_value(table: Table, key: str, change: Callable[[Value], Value]) -> Table:
    """The table with the value of one key changed, if it has the key."""
    entry = table.entries.get(key)
    if entry is None:
        return table
    return replace(table, entries={**table.entries, key: Entry(entry.key, change(entry.value))})
