"""Bytes as people read them."""

from __future__ import annotations

_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def show(size: int) -> str:
    """`17.2 GB`: powers of ten, as memory and disks are sold."""
    for unit, factor in _UNITS:
        if abs(size) >= factor:
            return (
                f"{size / factor:.1f} {unit}" if abs(size) < 100 * factor else f"{size / factor:.0f} {unit}"
            )
    return f"{size} B"
