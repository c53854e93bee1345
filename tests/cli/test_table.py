"""Columns: aligned, and fewer where a terminal is narrow."""

from __future__ import annotations

import os
import sys

import pytest

from mlxk.cli.table import lines

TITLES = ("NAME", "SIZE", "USED")
ROWS = [("short", "1 kB", "today"), ("a-longer-name", "12 kB", "never")]


def test_aligned() -> None:
    assert lines(TITLES, ROWS) == [
        "NAME           SIZE   USED",
        "short          1 kB   today",
        "a-longer-name  12 kB  never",
    ]
    assert lines(TITLES, []) == []


@pytest.mark.parametrize(("width", "heading"), [(80, "NAME SIZE USED"), (26, "NAME SIZE"), (5, "NAME")])
def test_a_narrow_terminal_shows_fewer(width: int, heading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((width, 24)))
    assert lines(TITLES, ROWS, spare=("USED", "SIZE"))[0].split() == heading.split()
