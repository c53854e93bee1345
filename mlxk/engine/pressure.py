"""How near an engine is to the memory that it may take, and what is to be given up then.

First go prompts that are kept for later ones, one a step. If that is not enough, the newest of several
running requests is set aside: its keys and values are dropped, and computed again when there is room. A
request that runs alone is never set aside. Newcomers wait until there is room for their prompts.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx

# The part of the limit that is kept free for what lives for a moment, until it is known how much that is.
_FREE = 16
# Tokens that tell what a token takes: as many as caches grow by at a time.
TELLING = 256


class Pressure:
    """`limit` in bytes, of all that MLX holds; `None`: nothing is ever given up."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._loaded = mx.get_active_memory()
        self._token_bytes = 0.0
        self._moment = 0 if limit is None else limit // _FREE
        self._peak = 0

    @property
    def peak(self) -> int:
        """The most bytes that MLX held so far."""
        return max(self._peak, mx.get_peak_memory())

    @property
    def tight(self) -> bool:
        """Whether something is to be given up. Buffers that MLX keeps for itself go at once."""
        if self.limit is None:
            return False
        most = self.limit - self._moment
        if mx.get_active_memory() + mx.get_cache_memory() > most:
            mx.clear_cache()
        return mx.get_active_memory() > most

    def has_room(self, tokens: int, kept: int) -> bool:
        """Whether prompts of so many tokens may come in, `kept` bytes being those of the prompt cache.

        When a request joins others, the keys and values of all are copied.
        """
        if self.limit is None:
            return True
        active, more = mx.get_active_memory(), int(tokens * self._token_bytes)
        copied = max(active - self._loaded - kept, 0) + more
        return active + more + max(copied, self._moment) <= self.limit

    def learn(self, cache: list[Any], tokens: int) -> None:
        """What a token takes, from a cache that holds so many."""
        if self.limit is not None and tokens >= TELLING:
            self._token_bytes = sum(layer.nbytes for layer in cache) / tokens

    def stepped(self) -> None:
        """Learn how much more than afterwards a step took meanwhile."""
        if self.limit is not None:
            peak = mx.get_peak_memory()
            self._moment = max(self._moment, peak - mx.get_active_memory())
            self._peak = max(self._peak, peak)
            mx.reset_peak_memory()
