"""Values as the schema wants them, where YAML or text says them otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlxk.config import shape
from mlxk.config.values import Entry, Items, Scalar, Table, Value


def fit_text(table: Table, model: Any) -> Table:
    """Values as the schema wants them: 20.0 is a whole number, as for JSON schema and so for editors.

    Values from the environment, `--set` and `${…}` are text where the schema wants text.
    There `1234567` is typed like a plain YAML scalar, for nobody wrote quotes; a field of type string
    takes what was written.
    """
    fitted = _fit(table, model)
    if not isinstance(fitted, Table):
        raise TypeError("a table stays a table")
    return fitted


def _fit(value: Value, annotation: Any) -> Value:
    match value:
        case Table():
            entries = {
                key: Entry(entry.key, _fit(entry.value, shape.child(annotation, key)))
                for key, entry in value.entries.items()
            }
            return Table(entries, value.origin, value.replaces)
        case Items():
            inner = shape.child(annotation, 0)
            items = tuple(_fit(item, inner) for item in value.items)
            return Items(items, value.origin, value.appends)
        case Scalar(text=str(text)) if value.value is not None and shape.is_text(annotation):
            return Scalar(text, value.origin, text, value.expression, value.style)
        case Scalar(value=float(number)) if number.is_integer() and shape.is_whole(annotation, number):
            return replace(value, value=int(number))
        case Scalar():
            return value
