"""What a rule finds. Where the values come from is added by the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlxk.config.origins import KeyPath, dotted
from mlxk.config.schema import Profile


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the key to point at; `other` the one that it conflicts with. Messages never tell values."""

    code: str
    message: str
    path: KeyPath
    help: str | None = None
    other: KeyPath | None = None


Rule = Callable[[Profile], Iterator[Problem]]


def exclusive(path: KeyPath, other: KeyPath) -> Problem:
    """Two keys of which only one may be set."""
    message = f"`{dotted(path)}` and `{dotted(other)}` exclude each other"
    help_text = f"remove one of them; `{other[-1]}: null` unsets one that was inherited"
    return Problem("E107", message, path, help_text, other)
