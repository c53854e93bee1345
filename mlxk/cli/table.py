"""Columns for people: aligned, as wide as they must be, one line a row."""

from __future__ import annotations

from collections.abc import Sequence


def lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading and the rows; nothing for no rows."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (titles, *rows)
    ]
