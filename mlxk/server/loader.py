"""Loads, drains and ends the engines of slots, in the order in which requests want them.

Those that need room are served in the order of arrival: an idle model leaves for them at once, and one in use
takes no more requests, finishes those it has, and leaves. So no stream of requests for one model keeps
another out; a model that was just loaded may work for at least as long as loading it took, so that two busy
models do not change places all the time. What is refused for good is told before anything is loaded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from mlxk.engine import Supervisor
from mlxk.engine.base import EngineConfig
from mlxk.errors import EngineUnavailable, MlxkError
from mlxk.server.room import Room
from mlxk.server.slot import Slot

logger = logging.getLogger(__name__)


class Loader:
    """What `slots` need of their pool. `patience` is how many seconds a request waits for its model."""

    def __init__(self, room: Room, patience: float, factory: Callable[[EngineConfig], Supervisor]) -> None:
        self.slots: list[Slot] = []
        self.room = room
        self.patience = patience
        self._factory = factory
        self._turn = asyncio.Lock()  # first come, first served
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def use(self, slot: Slot) -> AsyncIterator[Supervisor]:
        """The slot's engine, loaded, for as long as the block; raises why it cannot be had."""
        async with slot.used():
            async with self._patiently():
                engine = await self._wanted(slot)
            slot.active += 1
            try:
                yield engine
            finally:
                slot.active -= 1

    @asynccontextmanager
    async def _patiently(self) -> AsyncIterator[None]:
        """Raises `EngineUnavailable` when the block takes longer than a client waits."""
        try:
            async with asyncio.timeout(self.patience):
                yield
        except TimeoutError:
            raise EngineUnavailable(
                "The model is still waiting to be loaded.", hint="Try again in a moment."
            ) from None

    async def load(self, slot: Slot) -> None:
        """As `fetch`, for a client, who does not wait for ever."""
        async with self._patiently():
            await self.fetch(slot)

    async def fetch(self, slot: Slot) -> None:
        """Load the slot now, however long that takes; one whose engine gave up gets another."""
        async with slot.used():
            if slot.engine is not None and slot.engine.state == "dead" and slot.loading is None:
                await self.end(slot)
            await self._wanted(slot)

    async def _wanted(self, slot: Slot) -> Supervisor:
        """The slot's engine, ready, for somebody who may give up."""
        try:
            return await self._engine(slot)
        finally:
            self._let_go(slot)

    async def end(self, slot: Slot) -> None:
        """Give the slot's memory back; what it generates breaks off, and so does a load.

        Whoever waits for it may give up; it is carried out all the same.
        """
        slot.stir()
        if slot.loading is not None:
            slot.loading.cancel()
            await asyncio.wait([slot.loading])
        if slot.ending is None and slot.engine is not None:
            slot.ending = asyncio.create_task(self._end(slot, slot.engine), name="mlxk-end")
        if slot.ending is not None:
            await asyncio.shield(slot.ending)

    async def _end(self, slot: Slot, engine: Supervisor) -> None:
        try:
            await engine.__aexit__(None, None, None)
        finally:
            slot.ending = None
            slot.part()
            self.share()
            self.wake()
        logger.info("unloaded %s", slot.config.model_path)

    def wake(self) -> None:
        """Something changed: those that wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self, seconds: float | None = None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def drain(self, slot: Slot, seconds: float | None) -> None:
        """Take no more, finish what runs, and end."""
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        slot.draining = True
        try:
            while slot.loading is not None or not slot.idle:
                if deadline is not None and loop.time() >= deadline:
                    break
                await self._change(None if deadline is None else deadline - loop.time())
            await self.end(slot)
        finally:
            slot.draining = False
            self.wake()

    async def _engine(self, slot: Slot) -> Supervisor:
        """The slot's engine, ready; loads it if need be."""
        while True:
            if slot.loading is None and (slot.draining or slot.ending):
                await self._change()
            elif slot.loading is None and (engine := slot.engine) is not None:
                await engine.settled()
                if engine is not slot.engine or slot.draining or slot.ending:
                    continue
                if engine.state == "dead":
                    raise engine.failure or EngineUnavailable("the engine is dead")
                return engine
            else:
                return await self._loaded(slot)

    async def _loaded(self, slot: Slot) -> Supervisor:
        if slot.loading is None:
            slot.failure = None
            slot.loading = asyncio.create_task(self._load(slot), name="mlxk-load")
            slot.loading.add_done_callback(_heard)
        loading = slot.loading
        slot.pending += 1
        try:
            # Shielded: a client that leaves does not stop what others wait for.
            return await asyncio.shield(loading)
        except asyncio.CancelledError:
            if loading.cancelled() and not _is_cancelled():
                raise EngineUnavailable(
                    "The model was unloaded while it was being loaded.", hint="Try again in a moment."
                ) from None
            raise
        finally:
            slot.pending -= 1

    def _let_go(self, slot: Slot) -> None:
        """A load that did not begin yet is not wanted when nobody waits for it."""
        if slot.loading is not None and slot.engine is None and slot.users == 1 and not slot.pending:
            slot.loading.cancel()
            slot.loading = None

    async def _load(self, slot: Slot) -> Supervisor:
        clock = asyncio.get_running_loop().time
        try:
            async with self._turn:
                await self._make_room(slot)
                began = clock()
                engine = slot.engine = self._factory(self._bounded(slot))
                self.share()
            try:
                await engine.__aenter__()
            except BaseException:
                slot.engine = None
                self.share()
                raise
        except MlxkError as error:
            slot.failure = error
            logger.warning("cannot load %s: %s", slot.config.model_path, error)
            raise
        finally:
            if slot.loading is asyncio.current_task():
                slot.loading = None
            self.wake()
        slot.last_used = clock()
        slot.turn_over = 2 * slot.last_used - began
        slot.rest()
        logger.info("loaded %s", slot.config.model_path)
        return engine

    def share(self) -> None:
        """Tell engines what they may take of memory, now that others came or went."""
        for slot in self.slots:
            if slot.engine is not None and (most := self._bound(slot)) is not None:
                slot.engine.limit(most)

    def _bounded(self, slot: Slot) -> EngineConfig:
        """The slot's settings, with what its engine may take of memory."""
        return msgspec.structs.replace(slot.config, memory_bytes=self._bound(slot))

    def _bound(self, slot: Slot) -> int | None:
        """Bytes for one process of the slot's engine; MLX counts by process."""
        share = self.room.share_of(self.slots, slot)
        alone = slot.config.isolation == "process" or slot.config.distributed is not None
        if share is None or not alone:
            return None
        ranks = 1 if slot.config.distributed is None else slot.config.distributed.local
        return (share - slot.claim.outside) // ranks

    async def _make_room(self, slot: Slot) -> None:
        """Wait until there is room; nothing awaits between seeing it and taking it."""
        drained: list[Slot] = []
        try:
            while not self.room.holds(self.slots, slot):
                self.room.check(self.slots, slot)
                leavers = self.room.leavers(self.slots, slot)
                if idle := next((other for other in leavers if other.idle), None):
                    await self.end(idle)
                    continue
                now = asyncio.get_running_loop().time()
                for other in leavers:
                    if now >= other.turn_over and not other.draining:
                        other.draining = True
                        drained.append(other)
                waits = [other.turn_over - now for other in leavers if not other.draining]
                await self._change(min(waits, default=None))
        finally:
            for other in drained:
                other.draining = False
            self.wake()


def _is_cancelled() -> bool:
    """Whether somebody wants the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _heard(task: asyncio.Task[Supervisor]) -> None:
    """Who waits for a load hears why it failed; when nobody does, the log has it."""
    if not task.cancelled():
        task.exception()
