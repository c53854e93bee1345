"""Sizes as people read them on disks and on the hub: decimal units."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def show(count: int) -> str:
    """`4.3 GB`, `512 B`."""
    size = float(count)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError
