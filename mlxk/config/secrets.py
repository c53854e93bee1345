"""API keys, administrators' too, are never shown: neither in a text's lines, nor in the values of a layer.

Lines are starred out by the text alone, so that it holds for a file that is no YAML too. Columns stay what
they are, and `${…}` stays with its quotation marks: it names a secret and is none.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mlxk.config.origins import KeyPath
from mlxk.config.values import Entry, Items, Scalar, Table, Value, lookup

# The lists of keys below `server`.
KEY_LISTS = ("api_keys", "admin_keys")
# The keys of one of `server.api_keys`; other names there may be the secret itself.
_KEYS_OF_A_KEY = ("name", "key")
# What stands for a secret wherever values are shown.
HIDDEN = "***"

_KEY = re.compile(r"""\b(?:api|admin)[_-]?keys?\+?["']?\s*:""", re.IGNORECASE)
_SHOWN = re.compile(r"""(["']?\$\{[^}]*\}?["']?)|[^\s\[\]{},]""")


def shown_lines(text: str) -> tuple[str, ...]:
    """The lines of `text`, each as long as it is, without API keys."""
    lines: list[str] = []
    inside: int | None = None  # how far the line with `api_keys:` is indented, while its value goes on
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        key = _KEY.search(line)
        if key is not None:
            inside = indent
            lines.append(line[: key.end()] + _starred(line[key.end() :]))
        elif inside is not None and _goes_on(line, indent, inside):
            lines.append(_starred(line))
        else:
            inside = None
            lines.append(line)
    return tuple(lines)


def _goes_on(line: str, indent: int, inside: int) -> bool:
    """Whether a line still belongs to the value: it is empty, further in, or an item or the end of a list."""
    return not line.strip() or indent > inside or (indent == inside and line.lstrip()[0] in "-]}")


def _starred(text: str) -> str:
    return _SHOWN.sub(lambda match: match[1] or "*", text)


def shown_argument(key: str, value: str) -> tuple[str, ...]:
    """The lines of a value that was given for `key` on the command line, without API keys."""
    head = "api_keys: " if any(name in key for name in KEY_LISTS) else f"{key}: "
    lines = shown_lines(head + value)
    return (lines[0][len(head) :], *lines[1:])


def shown_name(inside: KeyPath, name: str) -> str:
    """A key or tag as messages may name it: an API key with a colon behind it reads as a key."""
    return HIDDEN if is_about_keys(inside) and name not in _KEYS_OF_A_KEY else name


def is_about_keys(path: KeyPath) -> bool:
    return any(name in path for name in KEY_LISTS)


def with_hidden_keys(table: Table) -> Table:
    """The layer, whose keys are shown as `HIDDEN` wherever they stand as they are."""
    server = lookup(table, ("server",))
    if not isinstance(server, Table):
        return table
    for name in KEY_LISTS:
        keys = lookup(server, (name,))
        if isinstance(keys, Items):
            hidden = replace(keys, items=tuple(_hidden(item) for item in keys.items))
            server = replace(server, entries={**server.entries, name: _over(server, name, hidden)})
    return replace(table, entries={**table.entries, "server": _over(table, "server", server)})


def _over(table: Table, key: str, value: Value) -> Entry:
    return Entry(table.entries[key].key, value)


def _hidden(item: Value) -> Value:
    match item:
        case Scalar(expression=None):
            return replace(item, expression=HIDDEN)
        case Table() if "key" in item.entries:
            key = _over(item, "key", _hidden(item.entries["key"].value))
            return replace(item, entries={**item.entries, "key": key})
        case _:
            return item
