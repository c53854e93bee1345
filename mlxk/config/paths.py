"""Which values name files, and where those are: a path is taken from the folder of the file that says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from mlxk.config.checks import UNIX, is_path
from mlxk.config.layers import Entry, Scalar, Table
from mlxk.config.origins import KeyPath

# A path as written, to the whole path.
Absolute = Callable[[str], str]
Rule = Callable[[str, Absolute], str]


def _always(text: str, absolute: Absolute) -> str:
    return absolute(text)


def _of_model(key: str) -> Rule:
    return lambda text, absolute: absolute(text) if is_path(key, text) else text


def _listen(text: str, absolute: Absolute) -> str:
    return UNIX + absolute(text.removeprefix(UNIX)) if text.startswith(UNIX) else text


_RULES: Mapping[KeyPath, Rule] = MappingProxyType(
    {
        **{("model", key): _of_model(key) for key in ("path", "adapter", "chat_template", "tokenizer")},
        ("model", "draft", "path"): _always,
        ("engine", "prompt_cache", "path"): _always,
        ("server", "listen"): _listen,
        ("server", "tls", "certificate"): _always,
        ("server", "tls", "key"): _always,
    }
)
# Keys with settings by name, which name files as a profile does.
_NESTED = ("models", "overrides", "variants")


def with_absolute_paths(table: Table, absolute: Absolute) -> Table:
    """The table with every path in it made whole."""
    for path, rule in _RULES.items():
        table = _changed(table, path, lambda text, rule=rule: rule(text, absolute))  # type: ignore[misc]
    if isinstance(defaults := table.entries.get("defaults"), Entry) and isinstance(defaults.value, Table):
        changed = Entry(defaults.key, with_absolute_paths(defaults.value, absolute))
        table = replace(table, entries={**table.entries, "defaults": changed})
    for key in _NESTED:
        table = _each(table, key, lambda inner: with_absolute_paths(inner, absolute))
    return table


def _changed(table: Table, path: KeyPath, change: Callable[[str], str]) -> Table:
    key = str(path[0])
    entry = table.entries.get(key)
    match entry.value if entry else None:
        case Scalar(value=str(text)) as scalar if text and len(path) == 1:
            new: Scalar | Table = replace(scalar, value=change(text), text=None)
        case Table() as inner if len(path) > 1:
            new = _changed(inner, path[1:], change)
        case _:
            return table
    assert entry is not None  # noqa: S101 - it was matched
    return replace(table, entries={**table.entries, key: Entry(entry.key, new)})


def _each(table: Table, key: str, change: Callable[[Table], Table]) -> Table:
    entry = table.entries.get(key)
    if entry is None or not isinstance(entry.value, Table):
        return table
    inner = {
        name: Entry(item.key, change(item.value)) if isinstance(item.value, Table) else item
        for name, item in entry.value.entries.items()
    }
    changed = Entry(entry.key, replace(entry.value, entries=inner))
    return replace(table, entries={**table.entries, key: changed})
