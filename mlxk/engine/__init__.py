"""The engine: tokens in, tokens out. The only package that imports mlx; see `base` for its interface.

Importing this package imports no mlx: a `ThreadEngine` does so in its thread, a `ProcessEngine` in its child.
"""

from mlxk.engine.base import Engine, EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.engine.group import GroupEngine
from mlxk.engine.isolation import engine_of
from mlxk.engine.process import ProcessEngine
from mlxk.engine.sharing import shared
from mlxk.engine.supervisor import RestartPolicy, Supervisor
from mlxk.engine.thread import ThreadEngine

__all__ = [
    "Engine",
    "EngineConfig",
    "EngineRequest",
    "EngineStats",
    "EngineStep",
    "GroupEngine",
    "ProcessEngine",
    "RestartPolicy",
    "Supervisor",
    "ThreadEngine",
    "engine_of",
    "shared",
]
