"""The pool of models in memory, over engines in this process that say what becomes of them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mlxk.engine.base import Distributed, Host
from mlxk.errors import EngineUnavailable, InsufficientMemory
from mlxk.server.pool import Pool
from mlxk.server.wishes import Claim, Stay
from tests.server.pooled import World, ask, claim, config, place, pooled, state


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


async def test_an_engine_may_take_its_part_of_what_nobody_claims() -> None:
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
        # 1000, of which each claims 200; the two ranks of b are on this machine.
        assert [made.memory_bytes for made in world.configs] == [950, (500 - 50) // 2, None]
        assert world.limits == {"a": 200 + 400 // 3 - 50, "b": (200 + 400 // 3 - 50) // 2}
        await pool.unload("b")
        assert world.limits["a"] == 450
        pool.resize(max_models=None, budget=800, patience=1.0)
        assert world.limits["a"] == 350


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


async def test_a_time_that_is_over_during_a_load_waits_for_its_end() -> None:
    world = World()
    async with Pool(factory=world.factory, budget=10) as pool:
        slot = place(pool, config("a"), ttl=0.02, claim=claim(10))
        other = place(pool, config("b"), ttl=None, claim=claim(10))
        world.loads.clear()
        asking = asyncio.create_task(ask(slot))
        await asyncio.wait([asking], timeout=0.01)
        asking.cancel()
        await asyncio.wait([asking], timeout=0.04)
        assert (await state(slot), slot.size) == ("starting", 10)
        world.loads.set()
        async with asyncio.timeout(5):
            while world.log != ["+a", "-a"]:  # noqa: ASYNC110 - only the log tells
                await asyncio.sleep(0.001)
        await ask(other)
        assert world.log == ["+a", "-a", "+b"]


async def test_an_operator_ends_a_load() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        world.loads.clear()
        asking = asyncio.create_task(ask(a))
        await asyncio.wait([asking], timeout=0.01)
        await a.__aexit__(None, None, None)
        with pytest.raises(EngineUnavailable, match="while it was being loaded"):
            await asking
        assert (await state(a), a.size) == ("unloaded", 0)
        world.loads.set()
        await ask(a)
    assert world.log == ["+a", "-a"]


async def test_an_end_is_carried_out_though_nobody_waits_for_it() -> None:
    world = World()
    async with pooled(world, "A") as (a,):
        world.ends.clear()
        ending = asyncio.create_task(a.__aexit__(None, None, None))
        await asyncio.wait([ending], timeout=0.01)
        ending.cancel()
        await asyncio.wait([ending])
        assert await state(a) == "draining"
        asyncio.get_running_loop().call_later(0.01, world.ends.set)
    assert world.log == ["+A", "-A"]


async def test_a_load_that_a_client_wanted_is_let_go_and_has_an_end() -> None:
    world = World()
    async with Pool(factory=world.factory, budget=10, patience=0.05) as pool:
        x, y = (place(pool, config(name), ttl=None, claim=claim(10)) for name in "xy")
        await ask(x)
        world.gate.clear()
        running = asyncio.create_task(ask(x))
        await asyncio.wait([running], timeout=0.01)
        loading = asyncio.create_task(y.load())
        await asyncio.wait([loading], timeout=0.01)
        assert x.draining
        loading.cancel()
        await asyncio.wait([loading])
        assert (y.loading, x.draining) == (None, False)
        with pytest.raises(EngineUnavailable, match="still waiting"):
            await y.load()
        world.gate.set()
        await running
    assert world.log == ["+x", "-x"]


async def test_what_can_never_be_loaded_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(factory=World().factory, budget=10)
    slots = [place(pool, config(name), ttl=None, claim=claim(size)) for name, size in (("a", 5), ("b", 50))]
    async with pool:
        assert [await state(slot) for slot in slots] == ["unloaded", "dead"]
        assert "b cannot be loaded: 50 of 10" in caplog.text


async def test_an_engine_that_says_it_is_ready_and_takes_nothing_is_given_up() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        await ask(a)
        world.deaf = True
        with pytest.raises(EngineUnavailable, match="deaf"):
            await ask(a)


async def test_leaving_ends_a_load() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        world.loads.clear()
        task = asyncio.create_task(ask(a))
        await asyncio.wait([task], timeout=0.02)
    with pytest.raises(EngineUnavailable, match="while it was being loaded"):
        await task
    assert world.log == []


async def test_many_requests_over_few_places_all_end() -> None:
    world = World()
    async with pooled(world, "abcd", max_models=2) as slots:
        await asyncio.gather(*(ask(slots[index % 4]) for index in range(40)))
    loaded = [line for line in world.log if line[0] == "+"]
    assert len(loaded) == len(world.log) - len(loaded)
