"""What each API key may take: requests at a time and requests per minute.

A bucket of tokens per key (https://en.wikipedia.org/wiki/Token_bucket): it holds a minute's requests and is
filled evenly, so that a burst of as many is fine and the rate over time is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from mlxk.errors import RateLimited


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """`None` is no limit."""

    concurrency: int | None = None
    requests_per_minute: int | None = None


@dataclass(slots=True)
class _Use:
    running: int = 0
    left: float = math.inf
    seen: float = field(default=0.0)


class Quotas:
    """Limits by the name of the key; keys without a name of theirs here have `usual`."""

    def __init__(
        self,
        usual: KeyLimits | None = None,
        named: Mapping[str, KeyLimits] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._usual = usual or KeyLimits()
        self._named = dict(named or {})
        self._clock = clock
        self._uses: dict[str, _Use] = {}

    @contextmanager
    def admit(self, key: str | None) -> Iterator[dict[str, str]]:
        """A request of this key, for as long as the block; gives the headers that tell what is left.

        Raises `RateLimited`. A request without a key is never limited here.
        """
        if key is None:
            yield {}
            return
        limits = self._named.get(key, self._usual)
        use = self._uses.setdefault(key, _Use())
        if limits.concurrency is not None and use.running >= limits.concurrency:
            raise RateLimited(
                f"The API key {key!r} may have {limits.concurrency} requests at a time.",
                hint="Wait until one of them is answered.",
            )
        headers = self._take(key, use, limits.requests_per_minute)
        use.running += 1
        try:
            yield headers
        finally:
            use.running -= 1

    def _take(self, key: str, use: _Use, rate: int | None) -> dict[str, str]:
        if rate is None:
            return {}
        now = self._clock()
        use.left = min(float(rate), use.left + (now - use.seen) * rate / 60)
        use.seen = now
        if use.left < 1:
            error = RateLimited(f"The API key {key!r} may have {rate} requests per minute.")
            error.retry_after = math.ceil((1 - use.left) * 60 / rate)
            raise error
        use.left -= 1
        return {
            "x-ratelimit-limit-requests": str(rate),
            "x-ratelimit-remaining-requests": str(int(use.left)),
            "x-ratelimit-reset-requests": f"{(rate - use.left) * 60 / rate:.0f}s",
        }
