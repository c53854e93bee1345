"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from mlxk.engine import Engine, EngineConfig, GroupEngine, ProcessEngine, ThreadEngine
from mlxk.engine.base import Distributed, Done, EngineRequest, EngineStep, Host, Tokens
from mlxk.requests import SamplingParams
from tests.engine.scripted import ScriptedEngine

HERE = Host(ssh="127.0.0.1", ips=("127.0.0.1",))


def distributed(
    config: EngineConfig, count: int = 2, mode: Literal["tensor", "pipeline"] = "tensor"
) -> EngineConfig:
    """The same over so many ranks on this machine."""
    return msgspec.structs.replace(config, distributed=Distributed(hosts=(HERE,) * count, mode=mode))


KINDS: dict[str, Callable[[EngineConfig], Engine]] = {
    "thread": ThreadEngine,
    "process": ProcessEngine,
    "group": lambda config: GroupEngine(distributed(config)),
    "scripted": lambda config: ScriptedEngine(config=config),
}
MakeEngine = Callable[..., Engine]


@pytest.fixture(params=list(KINDS))
def make_engine(request: pytest.FixtureRequest, qwen3_path: Path) -> MakeEngine:
    """Makes an engine of each kind; keywords change its `EngineConfig`."""
    return _maker(KINDS[request.param], qwen3_path)


@pytest.fixture(params=["thread", "process"])
def make_real_engine(request: pytest.FixtureRequest, qwen3_path: Path) -> MakeEngine:
    """As `make_engine`, of the kinds that run a model."""
    return _maker(KINDS[request.param], qwen3_path)


def _maker(kind: Callable[[EngineConfig], Engine], path: Path) -> MakeEngine:
    def make(**changes: object) -> Engine:
        return kind(EngineConfig(**{"model_path": str(path), "context_length": 4096} | changes))

    return make


def ask(
    request_id: str = "a", prompt: tuple[int, ...] = tuple(range(20, 40)), **changes: object
) -> EngineRequest:
    """A request: `max_tokens` 8, greedy, no stop tokens; `temperature` and the like go to `sampling`."""
    fields = set(SamplingParams.__dataclass_fields__)
    sampling = SamplingParams(**{name: value for name, value in changes.items() if name in fields})
    rest = {name: value for name, value in changes.items() if name not in fields}
    return EngineRequest(
        **{"id": request_id, "prompt": prompt, "max_tokens": 8, "sampling": sampling, "stop_tokens": ()}
        | rest
    )


async def steps_of(engine: Engine, request: EngineRequest) -> list[EngineStep]:
    return [step async for step in engine.generate(request)]


def ids_of(steps: list[EngineStep]) -> list[int]:
    return [token for step in steps if isinstance(step, Tokens) for token in step.ids]


def done_of(steps: list[EngineStep]) -> Done:
    assert isinstance(steps[-1], Done)
    return steps[-1]
