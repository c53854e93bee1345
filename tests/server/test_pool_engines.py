"""The pool over real engines in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ProcessEngine, Supervisor
from mlxk.engine.base import Done
from mlxk.errors import EngineCrashed, InsufficientMemory
from mlxk.server.pool import Pool
from mlxk.server.service import Service
from mlxk.server.slot import Slot
from mlxk.server.wishes import Stay, Wish
from tests.engine.conftest import ask, steps_of
from tests.server.pooled import claim, place


class Started:
    """Which engines were started, and their processes."""

    def __init__(self) -> None:
        self.engines: list[ProcessEngine] = []

    def factory(self, config: EngineConfig) -> Supervisor:
        def start() -> ProcessEngine:
            self.engines.append(ProcessEngine(config))
            return self.engines[-1]

        return Supervisor(start)

    def running(self, index: int) -> bool:
        return len(self.engines[index]._front) > 0

    @property
    def pids(self) -> list[int]:
        return [engine.pid for engine in self.engines if engine.pid is not None]


def slot(pool: Pool, folder: Path, size: int, *, ttl: float | None = None) -> Slot:
    config = EngineConfig(model_path=str(folder), context_length=4096)
    return place(pool, config, ttl=ttl, name=folder.parent.name, claim=claim(size))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - states of processes are no events
            await asyncio.sleep(0.002)


async def answer(model: Slot, request_id: str = "a", **changes: object) -> None:
    assert isinstance((await steps_of(model, ask(request_id, **changes)))[-1], Done)


async def changed(pool: Pool, first: Slot, config: EngineConfig, size: int) -> Slot:
    """`second` over other weights or settings; `first` stays."""
    second = next(state.name for state in pool.states() if state.name != first.name)
    wishes = [
        Wish(first.name, first.config, first.stay, first.claim),
        Wish(second, config, Stay(), claim(size)),
    ]
    order = pool.arrange(wishes)
    async with pool.rearranged(order, Service()):
        pass
    return order.slot(second)


async def test_alternating_and_leaving(qwen3_path: Path, llama_path: Path) -> None:
    started = Started()
    pool = Pool(factory=started.factory, budget=10)
    first, second, huge = slot(pool, qwen3_path, 5), slot(pool, llama_path, 5), slot(pool, qwen3_path, 5)
    assert huge is first
    async with pool:
        for model in (first, second) * 3:
            await answer(model)
        assert len(started.pids) == 2
        # Both are asked at a time; the one that must go finishes what it has.
        running = asyncio.create_task(answer(first, "long", max_tokens=300))
        await until(lambda: started.running(0))
        second = await changed(pool, first, EngineConfig(model_path=str(llama_path), context_length=2048), 6)
        assert (await second.stats()).state == "ready"
        await answer(second)
        await running
        assert len(started.engines) == 3
        with pytest.raises(InsufficientMemory):
            await changed(pool, first, EngineConfig(model_path=str(llama_path), context_length=1024), 11)
        await answer(second)
        assert len(started.engines) == 3
    assert started.pids == []


async def test_idle_engines_end_their_process(qwen3_path: Path) -> None:
    started = Started()
    pool = Pool(factory=started.factory)
    model = slot(pool, qwen3_path, 0, ttl=0.01)
    async with pool:
        await answer(model)
        await until(lambda: model.state == "asleep")
        assert started.pids == []
        await answer(model)
        assert len(started.engines) == 2


async def test_a_killed_engine_is_waited_for(qwen3_path: Path) -> None:
    started = Started()
    pool = Pool(factory=started.factory)
    model = slot(pool, qwen3_path, 0)
    async with pool:
        await answer(model)
        running = asyncio.create_task(steps_of(model, ask("long", max_tokens=4000)))
        await until(lambda: started.running(0))
        os.kill(started.pids[0], signal.SIGKILL)
        with pytest.raises(EngineCrashed):
            await running
        await answer(model)  # at once, before anybody may know
        assert model.state == "ready"
        assert len(started.engines) == 2
        assert model.restarts == 1
    assert model.restarts == 1, "those of engines that are gone count too"
