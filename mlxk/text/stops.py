"""Stop strings: where a text must end, found across the borders of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """`stop` begins at character `start`."""

    start: int
    stop: str


class Stops:
    """A set of stop strings. The earliest one in a text counts; of several at one place, the longest."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(dict.fromkeys(stop for stop in stops if stop))
        longest_first = sorted(self._stops, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._prefixes = frozenset(stop[:size] for stop in self._stops for size in range(1, len(stop)))
        self._longest = max(map(len, self._stops), default=0)

    def __bool__(self) -> bool:
        return bool(self._stops)

    def find(self, text: str) -> Found | None:
        match = self._pattern.search(text)
        return None if match is None else Found(match.start(), match.group())

    def certain(self, text: str) -> int:
        """How many characters of a text without a stop cannot become part of one."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            if text[-size:] in self._prefixes:
                return len(text) - size
        return len(text)
