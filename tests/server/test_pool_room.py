"""Who gets the room: budgets, pins, fairness, and what is asked for one stay."""

from __future__ import annotations

import asyncio
import time

import pytest

from mlxk.errors import EngineUnavailable, InsufficientMemory, ModelNotFound, RequestError
from mlxk.server.pool import Pool
from mlxk.server.slot import Slot
from tests.server.pooled import World, ask, claim, config, place, pooled, state


def sized(pool: Pool, name: str, size: int, *, ttl: float | None = None, pinned: bool = False) -> Slot:
    return place(pool, config(name), ttl=ttl, name=name, pinned=pinned, claim=claim(size))


async def until(turns: int = 20) -> None:
    """Let everything run that can."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_two_that_fit_are_not_loaded_again() -> None:
    world = World()
    pool = Pool(factory=world.factory, budget=10)
    a, b = sized(pool, "a", 4), sized(pool, "b", 6)
    async with pool:
        for slot in (a, b) * 5:
            await ask(slot)
        assert world.log == ["+a", "+b"]
        assert [(one.name, one.state, one.bytes) for one in pool.states()] == [
            ("a", "ready", 4),
            ("b", "ready", 6),
        ]


async def test_none_more_than_needed_leave() -> None:
    world = World()
    pool = Pool(factory=world.factory, budget=10)
    small, large, new = sized(pool, "s", 2), sized(pool, "l", 7), sized(pool, "n", 8)
    async with pool:
        for slot in (small, large, new):
            await ask(slot)
        assert world.log == ["+s", "+l", "-l", "+n"]


async def test_what_can_never_fit_is_refused_before_anybody_leaves() -> None:
    world = World()
    pool = Pool(factory=world.factory, budget=10)
    a, huge = sized(pool, "a", 4), sized(pool, "h", 11)
    async with pool:
        await ask(a)
        with pytest.raises(InsufficientMemory, match=r"11 of 10, taken \{\}"):
            await ask(huge)
        assert world.log == ["+a"]
        assert pool.states()[1].state == "failed"
        assert isinstance(pool.states()[1].failure, InsufficientMemory)


async def test_a_pinned_model_leaves_for_nobody() -> None:
    world = World()
    pool = Pool(factory=world.factory, budget=10)
    pinned, other, large = sized(pool, "p", 6, pinned=True), sized(pool, "o", 4), sized(pool, "l", 5)
    async with pool:
        await ask(pinned)
        await ask(other)
        with pytest.raises(InsufficientMemory, match=r"5 of 10, taken \{'p': 6\}"):
            await ask(large)
        assert world.log == ["+p", "+o"]
        with pytest.raises(RequestError, match="stays in memory"):
            await pinned.release()
        pinned.keep(1.0)
        assert pinned.expires_at() is None


async def test_places_that_are_pinned() -> None:
    world = World()
    pool = Pool(factory=world.factory, max_models=1)
    pinned, other = sized(pool, "p", 0, pinned=True), sized(pool, "o", 0)
    async with pool:
        await ask(pinned)
        with pytest.raises(InsufficientMemory, match=r"`memory\.max_models` is 1, and p never leaves"):
            await ask(other)


async def test_a_stream_of_requests_keeps_nobody_out() -> None:
    """There is always a request for `a` under way when the next one comes."""
    world = World()
    async with pooled(world, "ab", max_models=1) as (a, b):
        answered = 0

        async def busy() -> None:
            nonlocal answered
            while True:
                await ask(a)
                answered += 1
                await asyncio.sleep(0)

        streams = [asyncio.create_task(busy()) for _ in range(3)]
        await until()
        before = answered
        async with asyncio.timeout(10):
            await ask(b)
            assert before > 0
            while answered < before + 50:  # and those for `a` go on behind it
                await until(1)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    assert world.log[:5] == ["+a", "-a", "+b", "-b", "+a"]


async def test_those_that_wait_take_turns() -> None:
    world = World()
    async with pooled(world, "abc", max_models=1) as (a, b, c):
        world.gate.clear()
        first = asyncio.create_task(ask(a))
        await world.generating.wait()
        rest = []
        for slot in (b, a, c, b):
            rest.append(asyncio.create_task(ask(slot)))
            await until()
        assert [await state(slot) for slot in (a, b, c)] == ["draining", "starting", "starting"]
        world.gate.set()
        await asyncio.gather(first, *rest)
    assert [line for line in world.log if line[0] == "+"] == ["+a", "+b", "+c", "+a"]


async def test_who_no_longer_waits_makes_nobody_leave() -> None:
    world = World()
    async with pooled(world, "ab", max_models=1, patience=0.02) as (a, b):
        world.gate.clear()
        first = asyncio.create_task(ask(a))
        await world.generating.wait()
        with pytest.raises(EngineUnavailable, match="waiting to be loaded"):
            await ask(b)
        await until()
        assert [await state(slot) for slot in (a, b)] == ["ready", "unloaded"]
        second = asyncio.create_task(ask(a))
        await until()
        world.gate.set()
        await asyncio.gather(first, second)
    assert world.log == ["+a", "-a"]


async def test_requests_wait_for_an_engine_that_is_started_again() -> None:
    world = World()
    async with pooled(world, "a") as (a,):
        await ask(a)
        world.engines["a"].death.set_result(EngineUnavailable("killed"))
        await until()
        assert await state(a) == "starting"
        await ask(a)
        assert world.log == ["+a", "-a", "+a"]


async def test_asked_for_one_stay() -> None:
    world = World()
    pool = Pool(factory=world.factory)
    slot = sized(pool, "a", 1, ttl=300.0)
    async with pool:
        await ask(slot)
        expires = slot.expires_at()
        assert expires is not None
        assert 290 < expires - time.time() < 310
        slot.keep(None)
        assert slot.expires_at() is None
        slot.keep(3600.0)
        await ask(slot)
        expires = slot.expires_at()
        assert expires is not None
        assert expires - time.time() > 3500
        world.gate.clear()
        running = asyncio.create_task(ask(slot))
        await until()
        await slot.release()
        await until()
        assert await state(slot) == "ready"
        world.gate.set()
        await running
        async with asyncio.timeout(5):
            while await state(slot) != "unloaded":
                await until(1)
        await ask(slot)
        expires = slot.expires_at()
        assert expires is not None
        assert 290 < expires - time.time() < 310


async def test_what_a_request_asks_for_begins_behind_it() -> None:
    world = World()
    pool = Pool(factory=world.factory)
    slot = sized(pool, "a", 1)
    async with pool:
        await ask(slot)
        with slot.during(0.0):
            await until()
            await ask(slot)
            assert world.log == ["+a"]
        async with asyncio.timeout(5):
            while slot.state != "asleep":
                await until(1)
        with slot.during(None):
            await ask(slot)
        assert slot.expires_at() is None
        assert slot.state == "ready"


async def test_a_refused_request_does_not_say_how_long_a_model_stays() -> None:
    pool = Pool(factory=World().factory)
    slot = sized(pool, "a", 1)
    async with pool:
        await ask(slot)
        with pytest.raises(RequestError), slot.during(0.0):
            raise RequestError("no")
        assert slot.expires_at() is None
        with slot.during(300.0), pytest.raises(RequestError), slot.during(5.0):
            raise RequestError("no")
        expires = slot.expires_at()
        assert expires is not None
        assert 290 < expires - time.time() < 310


async def test_by_name() -> None:
    world = World()
    pool = Pool(factory=world.factory, max_models=2)
    a = sized(pool, "a", 1)
    sized(pool, "b", 1)
    async with pool:
        await pool.load("a")
        assert [one.state for one in pool.states()] == ["ready", "asleep"]
        world.gate.clear()
        running = asyncio.create_task(ask(a))
        await world.generating.wait()
        unloading = asyncio.create_task(pool.unload("a"))
        await until()
        assert (pool.states()[0].state, pool.states()[0].running) == ("draining", 1)
        late = asyncio.create_task(ask(a))
        await until()
        assert pool.states()[0].waiting == 1
        world.gate.set()
        await asyncio.gather(running, unloading, late)
        assert world.log == ["+a", "-a", "+a"]
        world.gate.clear()
        broken_off = asyncio.create_task(ask(a))
        await until()
        await pool.unload("a", drain_seconds=0.01)
        assert pool.states()[0].state == "asleep"
        broken_off.cancel()
        with pytest.raises(ModelNotFound):
            await pool.load("c")


async def test_a_failed_model_is_loaded_when_told() -> None:
    world = World()
    world.broken.add("a")
    async with pooled(world, "a") as (a,):
        with pytest.raises(InsufficientMemory):
            await a.load()
        assert a.state == "failed"
        world.broken.clear()
        await a.load()
        assert a.state == "ready"
