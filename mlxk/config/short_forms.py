"""Short forms written out: a string under `model`, `extends` and `include`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mlxk.config.origins import Origin
from mlxk.config.schema import model_table
from mlxk.config.values import Entry, Items, Scalar, Table, Value, with_each, with_value


def expand(table: Table) -> Table:
    """A table with its short forms written out.

    A plain string says which model it is as a whole, so nothing of a lower layer's `model` stays. An entry of
    `models` says its model as a profile does.
    """
    table = with_value(table, "models", partial(with_each, change=_expanded))
    entries = dict(table.entries)
    for key in ("extends", "include"):
        entry = entries.get(key)
        if entry is not None and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            entries[key] = Entry(entry.key, Items((entry.value,), entry.value.origin))
    entry = entries.get("model")
    if entry is not None and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
        entries["model"] = Entry(entry.key, _model(entry.key, entry.value, entry.value.value))
    return Table(entries, table.origin, table.replaces)


def _expanded(value: Value) -> Value:
    return expand(value) if isinstance(value, Table) else value


def _model(key: Origin, scalar: Scalar, reference: str) -> Value:
    parts = model_table(reference)
    entries = {name: Entry(key, replace(scalar, value=value, text=None)) for name, value in parts.items()}
    return Table(entries, scalar.origin, replaces=True)
