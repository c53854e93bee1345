"""Where an engine runs: the choice between its implementations, by the name that a profile uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mlxk.engine.base import EngineConfig, Isolation
from mlxk.engine.group import GroupEngine
from mlxk.engine.process import ProcessEngine
from mlxk.engine.supervisor import MortalEngine
from mlxk.engine.thread import ThreadEngine

KINDS: Mapping[Isolation, Callable[[EngineConfig], MortalEngine]] = MappingProxyType(
    {"process": ProcessEngine, "thread": ThreadEngine}
)


def engine_of(config: EngineConfig) -> MortalEngine:
    """The engine that `config` describes, not started."""
    if config.distributed is not None:
        return GroupEngine(config)
    return KINDS[config.isolation](config)
