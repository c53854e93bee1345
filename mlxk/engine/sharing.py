"""Which models behind one server can share an engine: the same weights and settings, whatever the adapter."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlxk.engine.base import EngineConfig


def shared(configs: Iterable[EngineConfig]) -> tuple[EngineConfig, ...]:
    """In the same order; those that differ in their adapters alone become one, with all of the adapters."""
    listed = tuple(configs)
    bases = [msgspec.structs.replace(config, adapters=()) for config in listed]
    adapters: dict[EngineConfig, dict[str, None]] = {base: {} for base in bases}
    for base, config in zip(bases, listed, strict=True):
        adapters[base] |= dict.fromkeys(config.adapters)
    return tuple(msgspec.structs.replace(base, adapters=tuple(adapters[base])) for base in bases)
