"""The pool of models in memory, over engines in this process that say what becomes of them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mlxk.engine.base import Distributed, Host
from mlxk.errors import EngineUnavailable, InsufficientMemory
from mlxk.server.pool import Pool
from mlxk.server.wishes import Claim, Stay
from tests.server.pooled import World, ask, config, place, pooled, state


async def test_loaded_when_first_asked_and_kept() -> None:
    world = World()
    async with pooled(world, "aB") as (a, b):
        assert world.log == ["+B"]
        assert [await state(slot) for slot in (a, b)] == ["unloaded", "ready"]
        for _ in range(3):
            await ask(a)
            await ask(b)
        assert world.log == ["+B", "+a"]
        assert await state(a) == "ready"
    assert sorted(world.log[2:]) == ["-B", "-a"]


async def test_names_of_the_same_weights_share_an_engine() -> None:
    world = World()
    async with pooled(world, "aab") as (one, two, other):
        assert one is two
        assert one is not other
        await asyncio.gather(ask(one), ask(two))
        assert world.log == ["+a"]


async def test_the_one_unused_for_longest_makes_room() -> None:
    world = World()
    async with pooled(world, "abc", max_models=2) as (a, b, c):
        for slot in (a, b, a, c):
            await ask(slot)
        assert world.log == ["+a", "+b", "-b", "+c"]
        assert [await state(slot) for slot in (a, b, c)] == ["ready", "unloaded", "ready"]


async def test_a_model_in_use_stays_and_others_wait_for_it() -> None:
    world = World()
    async with pooled(world, "ab", max_models=1) as (a, b):
        world.gate.clear()
        first = asyncio.create_task(ask(a))
        await world.generating.wait()
        second = asyncio.create_task(ask(b))
        done, _ = await asyncio.wait([first, second], timeout=0.05)
        assert not done
        assert await state(b) == "starting"
        world.gate.set()
        await asyncio.gather(first, second)
        assert world.log == ["+a", "-a", "+b"]


async def test_an_engine_may_take_what_others_leave() -> None:
    world = World()
    group = Distributed(hosts=(Host(ssh="127.0.0.1", ips=("127.0.0.1",)),) * 2)
    changes: dict[str, dict[str, object]] = {
        "a": {},
        "b": {"distributed": group},
        "c": {"isolation": "thread"},
    }
    async with Pool(factory=world.factory, budget=1000) as pool:
        for name, change in changes.items():
            settings = msgspec.structs.replace(config(name), **change)
            await ask(place(pool, settings, ttl=None, claim=Claim(size=200, outside=50)))
    assert [made.memory_bytes for made in world.configs] == [950, 375, None]


async def test_waiting_for_a_load_has_an_end() -> None:
    world = World()
    async with pooled(world, "a", patience=0.02) as (a,):
        world.loads.clear()
        with pytest.raises(EngineUnavailable, match="waiting to be loaded"):
            await ask(a)
        world.loads.set()
        await ask(a)
        assert world.log == ["+a"]


async def test_a_client_that_leaves_does_not_stop_the_load_of_others() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        world.loads.clear()
        leaving, staying = asyncio.create_task(ask(a)), asyncio.create_task(ask(a))
        await asyncio.wait([leaving, staying], timeout=0.02)
        leaving.cancel()
        world.loads.set()
        await staying
        assert world.log == ["+a"]


async def test_a_load_that_fails_is_told_and_tried_again() -> None:
    world = World()
    world.broken.add("a")
    async with pooled(world, "ab", max_models=1) as (a, b):
        for _ in range(2):
            with pytest.raises(InsufficientMemory):
                await ask(a)
        assert await state(a) == "dead"
        await ask(b)
        world.broken.clear()
        await ask(a)
        assert world.log == ["+b", "-b", "+a"]


async def test_a_preload_that_fails_is_raised() -> None:
    world = World()
    world.broken.add("B")
    with pytest.raises(InsufficientMemory):
        async with pooled(world, "AB"):
            raise AssertionError("the pool must not open")
    assert world.log == ["+A", "-A"]


async def test_idle_models_are_unloaded() -> None:
    world = World()
    pool = Pool(factory=world.factory)
    slot = place(pool, config("a"), ttl=0.01, preload=False)
    async with pool:
        await ask(slot)
        async with asyncio.timeout(5):
            while world.log != ["+a", "-a"]:  # noqa: ASYNC110 - the log is a plain list
                await asyncio.sleep(0.005)
        assert await state(slot) == "unloaded"
        await ask(slot)
        assert world.log[-1] == "+a"


async def test_the_longest_stay_of_those_that_share_counts() -> None:
    pool = Pool(factory=World().factory)
    assert place(pool, config("a"), ttl=5, preload=False).stay.ttl == 5
    assert place(pool, config("a"), ttl=9, preload=True).stay.ttl == 9
    assert place(pool, config("a"), ttl=None, preload=False).stay.ttl is None
    assert place(pool, config("a"), ttl=5, preload=False, pinned=True).stay.ttl is None
    assert place(pool, config("a"), ttl=5, preload=False).stay == Stay(None, pinned=True, preload=True)


async def test_leaving_ends_a_load() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        world.loads.clear()
        task = asyncio.create_task(ask(a))
        await asyncio.wait([task], timeout=0.02)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.log == []


async def test_many_requests_over_few_places_all_end() -> None:
    world = World()
    async with pooled(world, "abcd", max_models=2) as slots:
        await asyncio.gather(*(ask(slots[index % 4]) for index in range(40)))
    loaded = [line for line in world.log if line[0] == "+"]
    assert len(loaded) == len(world.log) - len(loaded)
