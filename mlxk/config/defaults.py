"""The lowest layer: the schema's own defaults."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel

from mlxk.config import shape
from mlxk.config.origins import DEFAULT
from mlxk.config.schema import Profile
from mlxk.config.values import Entry, Table, from_plain

_FIRST = ("mlxk", "description", "model", "aliases")


@cache
def defaults_layer() -> Table:
    """Every key of a profile with its default; keys without one are `None`. The order is that of printing."""
    table = _section(Profile)
    order = [*_FIRST, *(key for key in table.entries if key not in _FIRST)]
    return Table({key: table.entries[key] for key in order}, DEFAULT)


def _section(section: type[BaseModel]) -> Table:
    entries: dict[str, Entry] = {}
    for name, info in shape.fields(section).items():
        nested = shape.as_section(info.annotation)
        value = (
            _section(nested)
            if nested is not None and info.default is not None
            else from_plain(info.get_default(call_default_factory=True), DEFAULT)
        )
        entries[name] = Entry(DEFAULT, value)
    return Table(entries, DEFAULT)
