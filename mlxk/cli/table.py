"""Columns for people: aligned, one line a row; where a terminal is too narrow, some are left out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_GAP = "  "


def lines(titles: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str] = ()) -> list[str]:
    """A heading and the rows; nothing for no rows. `spare` are columns that may go, the first one first."""
    if not rows:
        return []
    columns = list(zip(titles, *rows, strict=True))
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for title in spare:
        if room is None or _width(columns) <= room:
            break
        columns = [column for column in columns if column[0] != title]
    widths = [max(map(len, column)) for column in columns]
    return [
        _GAP.join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + len(_GAP) * (len(columns) - 1)
