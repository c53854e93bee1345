"""The caches that the prompt cache holds, by the tokens whose keys and values are in them.

Rules and order of eviction are those of mlx-lm's `LRUPromptCache`. That one keeps its tokens in a tree with
a dictionary for each of them, and looks for the nearest entry along all branches below the last token in
common, copying lists as it goes: with entries of 20,000 tokens, each prompt that shared its first few with
them held up everybody for seconds. Here tokens are bytes and entries are few: each is compared.
"""

from __future__ import annotations

import copy
import logging
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

logger = logging.getLogger(__name__)

# Whether a cache of so many tokens may be cut back to so many, as far as its kind allows that.
Cuts = Callable[[int, int], bool]

# Those of the first kind are given up first, unless there are fewer of them than of the next.
Kind = Literal["assistant", "user", "system"]

Key = tuple[str | None, bytes]  # the adapter, and token ids in `ID_BYTES` each
ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """`nbytes` are those of the cache when it came."""

    cache: list[Any]
    nbytes: int


class Entries:
    """At most `most` entries of at most `most_bytes` together (`None`: `trim` is called). Not thread-safe."""

    def __init__(self, most: int, most_bytes: int | None, cuts: Cuts = lambda length, held: True) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._cuts = cuts
        self._kinds: dict[Kind, dict[Key, Entry]] = {"assistant": {}, "user": {}, "system": {}}
        self.nbytes = 0

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))

    def _each(self) -> Iterator[tuple[Key, Entry]]:
        for entries in self._kinds.values():
            yield from entries.items()

    def nearest(self, adapter: str | None, tokens: bytes) -> tuple[list[Any] | None, int]:
        """A copy of the cache that has the most of these tokens, and how many; it holds no others.

        A cache that holds others as well serves if it can be cut back; the shortest one is taken.
        """
        best: Entry | None = None
        held = cut = 0
        for (name, known), entry in self._each():
            if name != adapter:
                continue
            shared = shared_tokens(known, tokens)
            rest = len(known) // ID_BYTES - shared
            better = shared > held or (shared == held and rest < cut)
            serves = not rest or (cuttable(entry.cache) and self._cuts(shared + rest, shared))
            if shared and better and serves:
                best, held, cut = entry, shared, rest
        if best is None:
            return None, 0
        cache = copy.deepcopy(best.cache)
        if cut and any(layer.trim(cut) != cut for layer in cache):
            return None, 0
        return cache, held

    def get(self, adapter: str | None, tokens: bytes) -> list[Any] | None:
        """The cache of exactly these tokens, not to be changed."""
        found = (entries.get((adapter, tokens)) for entries in self._kinds.values())
        return next((entry.cache for entry in found if entry is not None), None)

    def insert(self, adapter: str | None, tokens: bytes, cache: list[Any], kind: Kind) -> None:
        """Take a cache, in the place of those that it can stand for; give up others if there are too many.

        One that is larger than all may be is not taken.
        """
        entry = Entry(cache, sum(layer.nbytes for layer in cache))
        length = len(tokens) // ID_BYTES
        if self._most_bytes is not None and entry.nbytes > self._most_bytes:
            logger.info("%d tokens take %d bytes, more than the prompt cache may hold", length, entry.nbytes)
            return
        self._remove((adapter, tokens))
        if cuttable(cache):
            for name, known in [key for key, _ in self._each()]:
                covers = name == adapter and tokens.startswith(known)
                if covers and self._cuts(length, len(known) // ID_BYTES):
                    self._remove((name, known))
        self._kinds[kind][adapter, tokens] = entry
        self.nbytes += entry.nbytes
        if len(self) > self._most:
            self._give_up()
        if self._most_bytes is not None:
            self.trim(most_bytes=self._most_bytes)

    def renew(self, adapter: str | None, tokens: bytes, kind: Kind) -> None:
        """Make an entry that was used the newest of a kind."""
        if (entry := self._remove((adapter, tokens))) is not None:
            self._kinds[kind][adapter, tokens] = entry
            self.nbytes += entry.nbytes

    def trim(self, *, most: int | None = None, most_bytes: int | None = None) -> None:
        """Give up entries until no more than so many, or so many bytes, are left."""
        while most is not None and len(self) > most:
            self._give_up()
        while most_bytes is not None and self.nbytes > most_bytes:
            self._give_up()

    def _give_up(self) -> None:
        """The oldest of the first kind that has not fewer entries than the next one."""
        kinds = list(self._kinds.values())
        chosen = next(
            (first for first, second in pairwise(kinds) if first and len(first) >= len(second)), kinds[-1]
        )
        self.nbytes -= chosen.pop(next(iter(chosen))).nbytes

    def _remove(self, key: Key) -> Entry | None:
        for entries in self._kinds.values():
            if (entry := entries.pop(key, None)) is not None:
                self.nbytes -= entry.nbytes
                return entry
        return None


def cuttable(cache: list[Any]) -> bool:
    """Whether all layers can be cut back to any length. mlx-lm's chunked ones say so of themselves even when
    their beginning is gone."""
    return all(layer.is_trimmable() and not getattr(layer, "start_position", 0) for layer in cache)


def packed(tokens: Sequence[int]) -> bytes:
    """Token ids in 4 bytes each."""
    return array("I", tokens).tobytes()


def shared_tokens(first: bytes, second: bytes) -> int:
    """How many packed tokens at the beginning are the same."""
    low, high = 0, min(len(first), len(second)) // ID_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        if first[low * ID_BYTES : middle * ID_BYTES] == second[low * ID_BYTES : middle * ID_BYTES]:
            low = middle
        else:
            high = middle - 1
    return low
