"""The models in memory: loaded when they are first asked, given back when they idle or others need the room.

One slot per distinct set of weights and engine settings; the names and variants that share it share its
engine. A slot in use is never given back. Owns no HTTP and no text.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Self

from mlxk.engine import ProcessEngine, Supervisor
from mlxk.engine.base import EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineUnavailable, MlxkError

logger = logging.getLogger(__name__)

# Seconds that a request waits for its model: reading 100 GB from a slow disk takes minutes.
PATIENCE = 300.0


def _supervised(config: EngineConfig) -> Supervisor:
    return Supervisor(lambda: ProcessEngine(config))


class Slot:
    """One engine that is there when it is used. `ttl` is in seconds; `None` keeps it for good.

    An `Engine` whose start and end are the pool's business.
    """

    def __init__(self, pool: Pool, config: EngineConfig) -> None:
        self._pool = pool
        self.config = config
        self.ttl: float | None = 0.0
        self.preload = False
        self.engine: Supervisor | None = None
        self.loading: asyncio.Task[Supervisor] | None = None
        self.users = 0
        self.last_used = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def resident(self) -> bool:
        """Whether it takes memory, or is about to."""
        return self.engine is not None

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        async with self._pool.use(self) as engine, aclosing(engine.generate(request)) as steps:
            async for step in steps:
                yield step

    async def cancel(self, request_id: str) -> None:
        if self.engine is not None:
            await self.engine.cancel(request_id)

    async def stats(self) -> EngineStats:
        if self.engine is not None and self.engine.state != "dead":
            return await self.engine.stats()
        if self.loading is not None:
            return EngineStats(state="starting", running=0, waiting=self.users)
        return EngineStats(state="unloaded" if self.engine is None else "dead", running=0, waiting=self.users)

    async def __aenter__(self) -> Self:
        """Load now rather than at the first request."""
        async with self._pool.use(self):
            return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.unload(self)


class Pool:
    """An async context manager: entering loads what is to be preloaded, leaving ends all engines.

    At most `max_models` engines at a time, without limit if `None`; the one unused for longest goes first.
    """

    def __init__(
        self,
        *,
        max_models: int | None = None,
        patience: float = PATIENCE,
        factory: Callable[[EngineConfig], Supervisor] = _supervised,
    ) -> None:
        self._max_models = max_models
        self._patience = patience
        self._factory = factory
        self._slots: dict[EngineConfig, Slot] = {}
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def slot(self, config: EngineConfig, *, ttl: float | None, preload: bool) -> Slot:
        """The slot of these weights; among those that share it, the longest `ttl` counts."""
        slot = self._slots.setdefault(config, Slot(self, config))
        slot.ttl = None if ttl is None or slot.ttl is None else max(ttl, slot.ttl)
        slot.preload = slot.preload or preload
        return slot

    async def __aenter__(self) -> Self:
        try:
            for slot in self._slots.values():
                if slot.preload:
                    async with self.use(slot):
                        pass
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all engines, also those that are just starting."""
        loading = [slot.loading for slot in self._slots.values() if slot.loading is not None]
        for task in (*loading, *self._tasks):
            task.cancel()
        await asyncio.gather(*loading, *self._tasks, return_exceptions=True)
        await asyncio.gather(*(self.unload(slot) for slot in self._slots.values()))

    @asynccontextmanager
    async def use(self, slot: Slot) -> AsyncIterator[Supervisor]:
        """The slot's engine, loaded, for as long as the block; raises why it cannot be had."""
        slot.users += 1
        if slot.timer is not None:
            slot.timer.cancel()
            slot.timer = None
        try:
            yield await self._loaded(slot)
        finally:
            slot.users -= 1
            slot.last_used = asyncio.get_running_loop().time()
            if not slot.users:
                self._idle(slot)

    async def unload(self, slot: Slot) -> None:
        """Give the slot's memory back; what it generates breaks off."""
        if slot.timer is not None:
            slot.timer.cancel()
            slot.timer = None
        engine, slot.engine = slot.engine, None
        if engine is not None:
            await engine.__aexit__(None, None, None)
            logger.info("unloaded %s", slot.config.model_path)
        async with self._changed:
            self._changed.notify_all()

    async def _loaded(self, slot: Slot) -> Supervisor:
        if slot.engine is not None and slot.loading is None:
            return slot.engine
        if slot.loading is None:
            slot.loading = asyncio.create_task(self._load(slot), name="mlxk-load")
            slot.loading.add_done_callback(lambda task: self._load_ended(slot, task))
        try:
            # Shielded: a client that leaves does not stop what others wait for.
            return await asyncio.wait_for(asyncio.shield(slot.loading), self._patience)
        except TimeoutError:
            raise EngineUnavailable(
                "The model is still waiting to be loaded.", hint="Try again in a moment."
            ) from None

    async def _load(self, slot: Slot) -> Supervisor:
        await self._make_room(slot)
        engine = slot.engine
        assert engine is not None  # noqa: S101 - room was made for it
        try:
            await engine.__aenter__()
        except BaseException:
            slot.engine = None
            raise
        logger.info("loaded %s", slot.config.model_path)
        return engine

    async def _make_room(self, slot: Slot) -> None:
        """Take a place, when there is one; nothing awaits between seeing it free and taking it."""
        while self._max_models is not None:
            resident = [other for other in self._slots.values() if other.resident]
            if len(resident) < self._max_models:
                break
            idle = [other for other in resident if not other.users and other.loading is None]
            if idle:
                await self.unload(min(idle, key=lambda other: other.last_used))
                continue
            async with self._changed:
                await self._changed.wait()
        slot.engine = self._factory(slot.config)

    def _load_ended(self, slot: Slot, task: asyncio.Task[Supervisor]) -> None:
        slot.loading = None
        if not task.cancelled() and isinstance(error := task.exception(), MlxkError):
            logger.warning("cannot load %s: %s", slot.config.model_path, error)
        self._spawn(self._notify())

    def _idle(self, slot: Slot) -> None:
        """Nobody uses the slot now: whoever waits for room may have it, and its time runs."""
        self._spawn(self._notify())
        if slot.ttl is not None and slot.engine is not None:
            loop = asyncio.get_running_loop()
            slot.timer = loop.call_later(slot.ttl, lambda: self._spawn(self.unload(slot)))

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
