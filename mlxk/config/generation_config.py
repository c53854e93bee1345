"""The model's own generation_config.json as a layer.

Only what a profile can say is taken. What is there but cannot be meant (`top_p: 0`, text for a number) is
left out with a warning: a model must not fail to load over a field that transformers ignores too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.layers import merge_tables
from mlxk.config.origins import KeyPath, Origin
from mlxk.config.schema import Profile
from mlxk.config.validation import check
from mlxk.config.values import Table, from_plain, lookup, nested

_ORIGIN = Origin("model", "generation_config.json")

# Names of transformers' GenerationConfig and the keys that mean the same.
_KEYS: Mapping[str, KeyPath] = {
    "temperature": ("sampling", "temperature"),
    "top_p": ("sampling", "top_p"),
    "top_k": ("sampling", "top_k"),
    "min_p": ("sampling", "min_p"),
    "repetition_penalty": ("sampling", "repetition_penalty"),
}


def generation_layer(values: Mapping[str, Any]) -> tuple[Table, list[Diagnostic]]:
    """The layer, and warnings about values that were left out."""
    tables = [Table({}, _ORIGIN)]
    ignored: list[Diagnostic] = []
    for name, path in _KEYS.items():
        value = values.get(name)
        if value is None:
            continue
        table = _table(path, value)
        if table is None:
            ignored.append(
                Diagnostic("W003", f"`{name}` in the model's generation_config.json is not usable")
            )
        else:
            tables.append(table)
    if values.get("do_sample") is False:
        tables.append(nested(("sampling", "temperature"), from_plain(0.0, _ORIGIN), _ORIGIN))
    return merge_tables(tables), ignored


def _table(path: KeyPath, value: object) -> Table | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    table = nested(path, from_plain(value, _ORIGIN), _ORIGIN)
    wrong = [item for item in check(table, Profile) if lookup(table, item.path) is not None and item.path]
    return None if any(item.path == path for item in wrong) else table
