"""The merged profile: layers over the built-in defaults, its variants, and the rules that need all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlxk.config import rules
from mlxk.config.defaults import defaults_layer
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.layers import merge_table, merge_tables, settle
from mlxk.config.origins import DEFAULT, KeyPath, dotted
from mlxk.config.schema import Profile
from mlxk.config.secrets import with_hidden_keys
from mlxk.config.validation import validated, value_origin, with_note
from mlxk.config.values import Entry, Table, key_origin, lookup

# Problems after which the merged profile would be incomplete, so that judging it would mislead.
_FATAL = ("E0", "E101", "E2", "E3")


def without(table: Table, *keys: str) -> Table:
    """The table without some of its keys."""
    entries = {key: entry for key, entry in table.entries.items() if key not in keys}
    return Table(entries, table.origin, table.replaces)


def settings(table: Table) -> Table:
    """A layer without its variants, which are layers of their own, and with its secrets hidden."""
    return with_hidden_keys(without(table, "variants"))


def variants(tables: Iterable[Table]) -> dict[str, Table]:
    """The variants of merged layers, each as the layer that it is over them."""
    node = lookup(merge_tables(tables), ("variants",))
    entries = node.entries if isinstance(node, Table) else {}
    return {
        name: without(entry.value, "description")
        for name, entry in entries.items()
        if isinstance(entry.value, Table)
    }


def whole(tables: Iterable[Table]) -> Table:
    """Layers, low to high, over the defaults."""
    return merge_table(defaults_layer(), settle(merge_tables(settings(table) for table in tables)))


def problems(tables: Sequence[Table], known: Sequence[Diagnostic] = ()) -> list[Diagnostic]:
    """What is wrong with the whole, besides what is `known` of its layers.

    Keys that are known to be wrong are left out, so that one report has everything.
    """
    if any(item.code.startswith(_FATAL) for item in known):
        return []
    wrong_paths = [item.path for item in known if item.path and item.severity == "error"]
    sound = [pruned(table, wrong_paths) for table in tables]
    tree = whole(sound)
    profile = validated(tree, Profile, below=sound)
    found = profile if isinstance(profile, list) else cross_checks(profile, tree, sound)
    told = {item.path for item in known}
    found = [item for item in found if not item.path or item.path not in told]
    if any(item.path[:1] == ("model",) for item in known):  # what seems to be missing may be what was wrong
        found = [item for item in found if item.code != "E106" or item.path[:1] != ("model",)]
    return found


def pruned(table: Table, paths: Sequence[KeyPath]) -> Table:
    """The table without what stands at `paths`; a list goes as a whole."""
    table = without(table, *(str(path[0]) for path in paths if len(path) == 1))
    for path in paths:
        table = _pruned(table, path)
    return table


def _pruned(table: Table, path: KeyPath) -> Table:
    key, *rest = path
    entry = table.entries.get(str(key))
    if entry is None:
        return table
    if not rest or not isinstance(entry.value, Table):
        return without(table, str(key))
    below = _pruned(entry.value, tuple(rest))
    return Table({**table.entries, str(key): Entry(entry.key, below)}, table.origin, table.replaces)


def cross_checks(profile: Profile, tree: Table, layers: Sequence[Table]) -> list[Diagnostic]:
    """Rules between keys, at the places that the values come from."""
    found = []
    for problem in rules.problems(profile):
        origin = value_origin(tree, problem.path)
        notes: tuple[str, ...] = ()
        if problem.other is not None:
            notes = (f"`{dotted(problem.other)}` comes from {value_origin(tree, problem.other)}",)
        item = Diagnostic(problem.code, problem.message, origin, problem.help, notes, problem.path)
        lower = [layer for layer in layers if (node := lookup(layer, problem.path)) and node.origin != origin]
        found.append(with_note(item, lower))
    return found


def placed(item: Diagnostic, layers: Iterable[tuple[str, Table]], entry: str) -> Diagnostic:
    """A finding about an entry of `models` that is nowhere in its text, at the entry."""
    if item.origin is not None and item.origin != DEFAULT:
        return item
    return replace(item, origin=key_origin(merge_tables(table for _, table in layers), ("models", entry)))


def without_missing_model(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """A layer, and a file that others extend, need no model."""
    return [item for item in found if (item.code, item.path) != ("E106", ("model",))]
