"""Mistakes that only the way in which a file is written shows, not its values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.files import FIXED_LISTS
from mlxk.config.values import Items, Scalar, Table, leaves


def problems(table: Table) -> Iterator[Diagnostic]:
    """Errors and warnings about one file."""
    yield from _fixed_lists(table)
    yield from _stop_warnings(table)


def _fixed_lists(table: Table) -> Iterator[Diagnostic]:
    for key in FIXED_LISTS:
        entry = table.entries.get(key)
        if entry is not None and isinstance(entry.value, Items) and entry.value.appends:
            message = f"`{key}` cannot be appended to: nothing is inherited"
            yield Diagnostic("E108", message, entry.key, f"write `{key}:`", path=(key,))


def _stop_warnings(table: Table) -> Iterator[Diagnostic]:
    """YAML reads escapes in double quotes only: '\\n' in single quotes is a backslash and an n."""
    for path, leaf in leaves(table):
        if path[-3:-1] != ("stop", "sequences") or not isinstance(leaf, Scalar) or leaf.style == '"':
            continue
        if isinstance(leaf.value, str) and re.search(r"\\[nrt]", leaf.value):
            message = "this stops at a backslash and a letter, not at a line break or tab"
            yield Diagnostic("W001", message, leaf.origin, 'use double quotes: "\\n"', path=path)
