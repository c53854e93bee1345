"""What a served model wants of memory: how much, when, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlxk.engine.base import EngineConfig
from mlxk.errors import InsufficientMemory


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model asks of memory, in bytes, and how to say that there is too little. `outside` is the part
    that is not MLX's.

    `refuse` is called with the bytes there are, and with the models that never leave and their bytes.
    """

    size: int = 0
    refuse: Callable[[int, Mapping[str, int]], InsufficientMemory] | None = None
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Stay:
    """When a model is in memory. `ttl` in seconds of idleness, `None` until others need the room.

    A `pinned` model leaves for nobody.
    """

    ttl: float | None = None
    pinned: bool = False
    preload: bool = False

    def over(self, other: Stay) -> Stay:
        """Of two that share an engine, the longer one."""
        ttl = None if self.ttl is None or other.ttl is None else max(self.ttl, other.ttl)
        return Stay(ttl, self.pinned or other.pinned, self.preload or other.preload)


@dataclass(frozen=True, slots=True)
class Wish:
    """A name that shall be served, by which engine, and when that is in memory."""

    name: str
    config: EngineConfig
    stay: Stay
    claim: Claim
