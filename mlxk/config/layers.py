"""Values that know where they came from, and the one merge over them.

A layer is a tree of `Table`, `Items` and `Scalar`, each with its origin. `merge` takes a lower and an
upper tree and gives a tree whose nodes are the winners with their origins: the output is the provenance.

The rules: tables merge deep; scalars and lists replace; a list marked `appends` (written `key+:`) goes
behind the list below; a scalar of `None` (written `null`) unsets what is below. `merge` is associative,
so any run of layers can be merged first: what a layer does to a lower one that is not there yet (append,
unset, replace) stays in the tree until `settle` takes it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from mlxk.config.origins import DEFAULT, KeyPath, Origin

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

EMPTY = Table({}, DEFAULT)


def merge(lower: Value, upper: Value) -> Value:
    """`upper` over `lower`."""
    match lower, upper:
        case Table(), Table():
            return merge_table(lower, upper)
        case _, Table():
            return replace(upper, replaces=True)
        case Items(), Items() if upper.appends:
            return Items(lower.items + upper.items, upper.origin, lower.appends)
        case _, Items():
            return replace(upper, appends=False)
        case _:
            return upper


def _merge_entries(lower: Mapping[str, Entry], upper: Mapping[str, Entry]) -> dict[str, Entry]:
    entries = dict(lower)
    for key, entry in upper.items():
        below = entries.get(key)
        entries[key] = entry if below is None else Entry(entry.key, merge(below.value, entry.value))
    return entries


def merge_tables(layers: Iterable[Table]) -> Table:
    """Layers from low to high as one tree."""
    return reduce(merge_table, layers, EMPTY)


def merge_table(lower: Table, upper: Table) -> Table:
    """`merge`, of which two tables are always a table."""
    if upper.replaces:
        return upper
    return Table(_merge_entries(lower.entries, upper.entries), upper.origin, lower.replaces)


def settle(table: Table) -> Table:
    """The tree without what waited for lower layers: unset keys go, appended lists are lists."""
    entries = {
        key: Entry(entry.key, _settle(entry.value))
        for key, entry in table.entries.items()
        if not is_unset(entry.value)
    }
    return Table(entries, table.origin)


def _settle(value: Value) -> Value:
    match value:
        case Table():
            return settle(value)
        case Items():
            return Items(tuple(_settle(item) for item in value.items), value.origin)
        case Scalar():
            return value


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
