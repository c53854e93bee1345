"""Effective values as text: YAML that is a profile again, with where each value comes from behind it.

Values that came in through `${…}` are shown as they were written, never as what they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlxk.config.origins import Origin
from mlxk.config.values import Items, Scalar, Table, Value, is_unset, plain
from mlxk.config.yaml.strict import typed


def scalar(value: Scalar) -> str:
    """One value as YAML would write it."""
    data = plain(value, shown=True)
    if isinstance(data, str):
        return data if _is_bare(data) else json.dumps(data, ensure_ascii=False)
    return json.dumps(data)


def _is_bare(text: str) -> bool:
    """Whether YAML reads `text` without quotes as the same text, in any place."""
    plain_text = text.isprintable() and text == text.strip() and bool(text)
    special = text[:1] in "!&*-?|>@`%{}[],#\"':~" or any(
        mark in text for mark in (": ", " #", "{", "}", "[", "]", ",")
    )
    return plain_text and not special and not text.endswith(":") and isinstance(typed(text), str)


def inline(value: Value) -> str:
    """Any value in one line."""
    match value:
        case Scalar():
            return scalar(value)
        case Items():
            return f"[{', '.join(inline(item) for item in value.items)}]"
        case Table():
            pairs = (f"{_key(key)}: {inline(entry.value)}" for key, entry in value.entries.items())
            return f"{{{', '.join(pairs)}}}"


def _key(key: str) -> str:
    return key if _is_bare(key) or key.isdigit() else json.dumps(key, ensure_ascii=False)


def as_yaml(tree: Table, *, origins: bool = False) -> str:
    """The set values of a tree as a profile; with `origins`, each line says where its value comes from."""
    lines = list(_table_lines(tree, ""))
    if not origins:
        return "\n".join(text for text, _ in lines)
    width = min(max((len(text) for text, origin in lines if origin is not None), default=0), 60)
    return "\n".join(f"{text:<{width}}  # {origin}" if origin is not None else text for text, origin in lines)


_Lines = Iterator[tuple[str, Origin | None]]


def _table_lines(table: Table, indent: str) -> _Lines:
    for key, entry in table.entries.items():
        if is_unset(entry.value) and not _expression(entry.value):
            continue
        yield from _lines(f"{indent}{_key(key)}:", entry.value, f"{indent}  ")


def _expression(value: Value) -> bool:
    return isinstance(value, Scalar) and value.expression is not None


def _lines(head: str, value: Value, indent: str) -> _Lines:
    match value:
        case Table() if below := list(_table_lines(value, indent)):
            yield head, None
            yield from below
        case Items() if value.items:
            yield head, None
            for item in value.items:
                yield f"{indent}- {inline(item)}", item.origin
        case Table() if value.entries:
            return
        case _:
            yield f"{head} {inline(value)}", value.origin
