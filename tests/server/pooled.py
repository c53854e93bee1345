"""Engines in this process that say what becomes of them, for the tests of the pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from mlxk.engine import Supervisor
from mlxk.engine.base import Done, EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineUnavailable, InsufficientMemory, MlxkError
from mlxk.requests import SamplingParams
from mlxk.server.pool import Pool
from mlxk.server.slot import Slot
from mlxk.server.wishes import Claim, Stay, Wish

REQUEST = EngineRequest(id="x", prompt=(1,), max_tokens=1, sampling=SamplingParams(), stop_tokens=())


class World:
    """What was loaded and unloaded, in order; `gate` holds generations, `loads` loads, `ends` their ends."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.loads = asyncio.Event()
        self.loads.set()
        self.ends = asyncio.Event()
        self.ends.set()
        self.deaf = False
        self.generating = asyncio.Event()
        self.broken: set[str] = set()
        self.engines: dict[str, Fake] = {}
        self.configs: list[EngineConfig] = []
        self.limits: dict[str, int] = {}

    def factory(self, config: EngineConfig) -> Supervisor:
        self.configs.append(config)
        return Supervisor(lambda: Fake(self, config.model_path))


class Fake:
    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.death: asyncio.Future[MlxkError] = asyncio.get_running_loop().create_future()
        world.engines[name] = self

    async def __aenter__(self) -> Fake:
        await self.world.loads.wait()
        if self.name in self.world.broken:
            raise InsufficientMemory("too large")
        self.world.log.append(f"+{self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.world.ends.wait()
        self.world.log.append(f"-{self.name}")

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        if self.world.deaf:
            raise EngineUnavailable("deaf")
        self.world.generating.set()
        await self.world.gate.wait()
        yield Done("stop", 1, 0, 1, 0.0, 0.0, 0.0)

    async def cancel(self, request_id: str) -> None:
        pass

    async def stats(self) -> EngineStats:
        return EngineStats(state="ready", running=0, waiting=0)

    def limit(self, memory_bytes: int) -> None:
        self.world.limits[self.name] = memory_bytes

    async def died(self) -> MlxkError:
        return await asyncio.shield(self.death)


def config(name: str) -> EngineConfig:
    return EngineConfig(model_path=name, context_length=8)


async def ask(slot: Slot) -> None:
    assert [type(step) async for step in slot.generate(REQUEST)] == [Done]


@asynccontextmanager
async def pooled(world: World, names: str, **options: float) -> AsyncIterator[list[Slot]]:
    """Slots of models with one letter; a capital is preloaded."""
    pool = Pool(factory=world.factory, **options)  # type: ignore[arg-type]
    slots = [place(pool, config(name), ttl=None, preload=name.isupper(), name=name) for name in names]
    async with pool:
        yield slots


def place(
    pool: Pool,
    config: EngineConfig,
    *,
    ttl: float | None,
    preload: bool = False,
    name: str | None = None,
    pinned: bool = False,
    claim: Claim | None = None,
) -> Slot:
    stay = Stay(ttl, pinned, preload)
    return pool.place(Wish(name or config.model_path, config, stay, claim or Claim()))


async def state(slot: Slot) -> str:
    return (await slot.stats()).state


def claim(size: int) -> Claim:
    return Claim(size, lambda limit, taken: InsufficientMemory(f"{size} of {limit}, taken {dict(taken)}"))
