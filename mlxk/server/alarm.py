"""One moment in the future at which something is done, unless it is put off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Alarm:
    """`ring` is called on the event loop that was running when the alarm was set."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Instead of what was set before."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rings_at(self) -> float | None:
        """The Unix time; `None` if it is not set."""
        if self._timer is None:
            return None
        return time.time() + self._timer.when() - asyncio.get_running_loop().time()

    def _due(self) -> None:
        self._timer = None
        self._ring()
