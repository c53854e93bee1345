"""What differs between two resolved profiles, and how each difference takes effect in a running server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlxk.config.effects import Effect, effect
from mlxk.config.origins import KeyPath, dotted
from mlxk.config.printing import inline
from mlxk.config.resolved import Resolved
from mlxk.config.values import leaves, lookup, plain


@dataclass(frozen=True, slots=True)
class Difference:
    """One place; `before` and `after` as they may be shown."""

    path: KeyPath
    before: str
    after: str

    @property
    def key(self) -> str:
        return dotted(self.path)

    @property
    def effect(self) -> Effect:
        return effect(self.path)


def differences(before: Resolved, after: Resolved) -> list[Difference]:
    """In the order of the schema, what `after` brings alone behind it."""
    both = [path for resolved in (before, after) for path, _ in leaves(resolved.tree)]
    return [
        Difference(path, shown(before, path), shown(after, path))
        for path in whole_lists(both)
        if _value(before, path) != _value(after, path) or shown(before, path) != shown(after, path)
    ]


def whole_lists(paths: Iterable[KeyPath]) -> list[KeyPath]:
    """Lists come about as wholes: their items' paths become the list's."""
    cut = [
        path[: next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))] for path in paths
    ]
    return list(dict.fromkeys(cut))


def shown(resolved: Resolved, path: KeyPath) -> str:
    """A value as it may be printed."""
    node = lookup(resolved.tree, path)
    return "not set" if node is None else inline(node)


def _value(resolved: Resolved, path: KeyPath) -> object:
    """The value itself, secrets in it, to compare."""
    node = lookup(resolved.tree, path)
    return None if node is None else plain(node)
