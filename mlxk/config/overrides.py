"""A repository's `overrides`: which of them are meant for a model, broad globs before exact references."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from mlxk.config.layers import NamedLayer, merge_tables, settle
from mlxk.config.values import Table, lookup, plain
from mlxk.config.workspace import Layer


def model_reference(bottom: list[NamedLayer], top: list[NamedLayer]) -> str | None:
    """What overrides are matched against: the model as the profile, the environment and flags name it."""
    tree = settle(merge_tables(table for _, table in [*bottom, *top]))
    for key in ("repo", "path"):
        node = lookup(tree, ("model", key))
        if node is not None:
            return str(plain(node))
    return None


def matching_overrides(repository: Sequence[Layer], reference: str | None) -> list[NamedLayer]:
    found: list[NamedLayer] = []
    for layer in repository:
        overrides = lookup(layer.table, ("overrides",))
        if not isinstance(overrides, Table) or reference is None:
            continue
        matching = [pattern for pattern in overrides.entries if matches(pattern, reference)]
        for pattern in sorted(matching, key=_exactness):
            table = overrides.entries[pattern].value
            if isinstance(table, Table):
                found.append((f"{layer.label} overrides {pattern}", table))
    return found


def matches(pattern: str, reference: str) -> bool:
    """Whether an override's pattern means this model."""
    return pattern == reference or fnmatchcase(reference, pattern)


def _exactness(pattern: str) -> tuple[bool, int]:
    """Sorts broad globs before narrow ones, and an exact reference last."""
    is_exact = not any(char in pattern for char in "*?[")
    return is_exact, sum(char not in "*?[]" for char in pattern)
