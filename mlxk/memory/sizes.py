"""Bytes as people write and read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def show(size: int) -> str:
    """`17.2 GB`: powers of ten, as memory and disks are sold."""
    for unit, factor in _UNITS:
        if abs(size) >= factor:
            return (
                f"{size / factor:.1f} {unit}" if abs(size) < 100 * factor else f"{size / factor:.0f} {unit}"
            )
    return f"{size} B"


@dataclass(frozen=True, slots=True)
class Budget:
    """What models may take together: bytes, or a part of the machine's memory."""

    bytes: int = 0
    part: float | None = None

    @classmethod
    def parse(cls, text: str, size: int | None) -> Budget:
        """`75%`, or a size that was read as `size` bytes; raises `ValueError` for neither."""
        if found := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)%", text):
            percent = float(found[1])
            if 0 < percent <= 100:
                return cls(part=percent / 100)
        elif size:
            return cls(size)
        raise ValueError(text)

    def of(self, total: int) -> int:
        """In bytes, on a machine with `total` bytes."""
        return self.bytes if self.part is None else int(total * self.part)
