"""The pool of models in memory, over engines in this process that say what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mlxk.engine import Supervisor
from mlxk.engine.base import Done, EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineUnavailable, InsufficientMemory, MlxkError
from mlxk.requests import SamplingParams
from mlxk.server.pool import Pool, Slot

REQUEST = EngineRequest(id="x", prompt=(1,), max_tokens=1, sampling=SamplingParams(), stop_tokens=())


class World:
    """What was loaded and unloaded, in order; `gate` holds generations, `loads` holds loads."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.loads = asyncio.Event()
        self.loads.set()
        self.generating = asyncio.Event()
        self.broken: set[str] = set()

    def factory(self, config: EngineConfig) -> Supervisor:
        return Supervisor(lambda: Fake(self, config.model_path))


class Fake:
    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name

    async def __aenter__(self) -> Fake:
        await self.world.loads.wait()
        if self.name in self.world.broken:
            raise InsufficientMemory("too large")
        self.world.log.append(f"+{self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.world.log.append(f"-{self.name}")

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        self.world.generating.set()
        await self.world.gate.wait()
        yield Done("stop", 1, 0, 1, 0.0, 0.0, 0.0)

    async def cancel(self, request_id: str) -> None:
        pass

    async def stats(self) -> EngineStats:
        return EngineStats(state="ready", running=0, waiting=0)

    async def died(self) -> MlxkError:
        return await asyncio.Future()


def config(name: str) -> EngineConfig:
    return EngineConfig(model_path=name, context_length=8)


async def ask(slot: Slot) -> None:
    assert [type(step) async for step in slot.generate(REQUEST)] == [Done]


@asynccontextmanager
async def pooled(world: World, names: str, **options: float) -> AsyncIterator[list[Slot]]:
    pool = Pool(factory=world.factory, **options)  # type: ignore[arg-type]
    slots = [pool.slot(config(name), ttl=None, preload=name.isupper()) for name in names]
    async with pool:
        yield slots


async def state(slot: Slot) -> str:
    return (await slot.stats()).state


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
        assert await state(a) == "unloaded"
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
    slot = pool.slot(config("a"), ttl=0.01, preload=False)
    async with pool:
        await ask(slot)
        async with asyncio.timeout(5):
            while world.log != ["+a", "-a"]:  # noqa: ASYNC110 - the log is a plain list
                await asyncio.sleep(0.005)
        assert await state(slot) == "unloaded"
        await ask(slot)
        assert world.log[-1] == "+a"


async def test_the_longest_ttl_of_those_that_share_counts() -> None:
    pool = Pool(factory=World().factory)
    assert pool.slot(config("a"), ttl=5, preload=False).ttl == 5
    assert pool.slot(config("a"), ttl=9, preload=True).ttl == 9
    assert pool.slot(config("a"), ttl=None, preload=False).ttl is None
    assert pool.slot(config("a"), ttl=5, preload=False).ttl is None
    assert pool.slot(config("a"), ttl=5, preload=False).preload


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
