"""Whether a server may be asked: what `/health` says over the real pool."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mlxk.errors import EngineCrashed, InsufficientMemory
from mlxk.server.pool import Pool
from mlxk.server.service import Service
from mlxk.server.slot import Slot
from mlxk.server.wishes import Stay, Wish
from tests.server.pooled import World, ask, claim, config, place
from tests.server.scripted import Script


def served(*slots: Slot) -> Service:
    service = Service()
    service.serve([replace(Script().served(one.name), stats=one.stats, residence=one) for one in slots])
    service.phase = "ready"
    return service


async def until(turns: int = 30) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_an_engine_that_waits_to_be_started_again_cannot_answer() -> None:
    world = World()
    pool = Pool(factory=world.factory)
    a, b = place(pool, config("a"), ttl=None), place(pool, config("b"), ttl=None)
    async with pool:
        await ask(a)
        alone, both = served(a), served(a, b)
        assert (await alone.health())[0]
        world.engines["a"].death.set_result(EngineCrashed("killed"))
        await until()
        ready, told = await alone.health()
        assert (ready, told["status"]) == (False, "unavailable")
        assert told["models"][0]["reason"] == "engine_crashed"  # type: ignore[index]
        ready, told = await both.health()
        assert (ready, told["status"]) == (True, "degraded")
        await ask(a)
        assert await alone.health() == (
            True,
            {"status": "ready", "models": [{"name": "a", "state": "ready", "running": 0, "waiting": 0}]},
        )


async def test_a_first_load_counts_as_ready() -> None:
    world = World()
    world.loads.clear()
    pool = Pool(factory=world.factory)
    a = place(pool, config("a"), ttl=None)
    async with pool:
        asking = asyncio.create_task(ask(a))
        await until()
        assert (await served(a).health())[0]
        world.loads.set()
        await asking


async def test_room_that_came_with_another_configuration_is_known_before_anybody_asks() -> None:
    world = World()
    pool = Pool(factory=world.factory, budget=10)
    a = place(pool, config("a"), ttl=None, claim=claim(20))
    async with pool:
        assert isinstance(a.failure, InsufficientMemory)
        pool.resize(budget=30, max_models=None, patience=5)
        order = pool.arrange([Wish("a", a.config, Stay(), claim(20))])
        async with pool.rearranged(order, Service()):
            pass
        assert a.failure is None
        assert (await served(a).health())[0]
