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
        self._firsts = frozenset(stop[0] for stop in self._stops)
        self._longest = max(map(len, self._stops), default=0)

    def __bool__(self) -> bool:
        return bool(self._stops)

    def find(self, text: str) -> Found | None:
        match = self._pattern.search(text)
        return None if match is None else Found(match.start(), match.group())

    def certain(self, text: str) -> int:
        """How many characters of a text without a stop cannot become part of one."""
        for start in range(max(len(text) - self._longest + 1, 0), len(text)):
            if text[start] in self._firsts and any(
                len(text) - start < len(stop) and text.startswith(stop[: len(text) - start], start)
                for stop in self._stops
            ):
                return start
        return len(text)
