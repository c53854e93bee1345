"""Layers, and the one merge over them.

A layer is a tree of `values`. `merge` takes a lower and an upper tree and gives a tree whose nodes are the
winners with their origins: the output is the provenance.

The rules: tables merge deep; scalars and lists replace; a list marked `appends` (written `key+:`) goes
behind the list below; a scalar of `None` (written `null`) unsets what is below. `merge` is associative,
so any run of layers can be merged first: what a layer does to a lower one that is not there yet (append,
unset, replace) stays in the tree until `settle` takes it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce

from mlxk.config.origins import DEFAULT
from mlxk.config.values import Entry, Items, Scalar, Table, Value, is_unset

# A layer under the name that `mlxk explain` tells.
NamedLayer = tuple[str, Table]


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
    return reduce(merge_table, layers, Table({}, DEFAULT))


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
