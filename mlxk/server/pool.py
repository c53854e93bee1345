"""The models in memory: loaded when they are first asked, given back when they idle or others need the room.

One slot per distinct set of weights and engine settings; the names and variants that share it share its
engine. Those that need room are served in the order of arrival: an idle model leaves for them at once, and
one in use takes no more requests, finishes those it has, and leaves. So no stream of requests for one model
keeps another out; a model that was just loaded may work for at least as long as loading it took, so that two
busy models do not change places all the time. What is refused for good is told before anything is loaded.

Owns no HTTP and no text.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from mlxk.engine import Supervisor, engine_of
from mlxk.engine.base import EngineConfig
from mlxk.errors import EngineUnavailable, MlxkError, ModelNotFound
from mlxk.server.arrangement import Arrangement, Wish
from mlxk.server.room import Room
from mlxk.server.slot import Slot, State

logger = logging.getLogger(__name__)

# Seconds that a request waits for its model: reading 100 GB from a slow disk takes minutes.
PATIENCE = 300.0


def _supervised(config: EngineConfig) -> Supervisor:
    return Supervisor(lambda: engine_of(config))


@dataclass(frozen=True, slots=True)
class ModelState:
    """One name as it is now. `bytes` is what it takes by the arithmetic, `expires_at` a Unix time."""

    name: str
    state: State
    bytes: int
    running: int
    waiting: int
    pinned: bool
    expires_at: float | None
    failure: MlxkError | None


class Doors(Protocol):
    """What a pool needs of those that send it requests, to hand them over from one order to the next."""

    def held(self, names: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """Nothing of these models runs within the block; requests for them wait until it ends."""
        ...

    async def finished(self, names: Collection[str]) -> None:
        """Wait until what runs of these models now is over."""
        ...


class Pool:
    """An async context manager: entering loads what is to be preloaded, leaving ends all engines.

    `patience` is how many seconds a request waits for its model.
    """

    def __init__(
        self,
        *,
        max_models: int | None = None,
        budget: int | None = None,
        patience: float = PATIENCE,
        factory: Callable[[EngineConfig], Supervisor] = _supervised,
    ) -> None:
        self._room = Room(budget, max_models)
        self._patience = patience
        self._factory = factory
        self._slots: list[Slot] = []
        self._turn = asyncio.Lock()  # first come, first served
        self._changed = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()

    def place(self, wish: Wish) -> Slot:
        """A slot for one more name; those of the same weights share one, and the longest stay counts."""
        slot = next((slot for slot in self._slots if slot.config == wish.config), None)
        if slot is None:
            slot = Slot(self, wish.config, wish.claim, wish.stay)
            self._slots.append(slot)
        else:
            slot.stay = slot.stay.over(wish.stay)
        slot.names.append(wish.name)
        return slot

    def states(self) -> tuple[ModelState, ...]:
        """Every name, in the order in which they were given."""
        return tuple(
            ModelState(
                name,
                slot.state,
                slot.size,
                slot.active,
                slot.users - slot.active,
                slot.stay.pinned,
                slot.expires_at(),
                slot.failure if slot.engine is None else slot.engine.failure,
            )
            for slot in self._slots
            for name in slot.names
        )

    async def load(self, name: str) -> None:
        """Load a model now, also one that failed; raises `ModelNotFound`, or why it cannot be."""
        await self.fetch(self._named(name))

    async def unload(self, name: str, *, drain_seconds: float | None = None) -> None:
        """Give a model's memory back when its running answers are over, or after `drain_seconds`.

        Requests that come meanwhile wait, and load it again. Raises `ModelNotFound`.
        """
        await self._drained(self._named(name), drain_seconds)

    def arrange(self, wishes: Iterable[Wish]) -> Arrangement:
        """The slots of a new order; nothing changes yet."""
        return Arrangement(self, self._slots, wishes)

    @asynccontextmanager
    async def rearranged(self, order: Arrangement, doors: Doors) -> AsyncIterator[None]:
        """Bring a new order about. The block hands requests over to it, and awaits nothing.

        Where there is room, what comes is loaded before the block, and what goes ends behind its last answer.
        Where there is none, requests for what goes wait meanwhile. When something cannot be loaded,
        everything stays as it was, and the reason is raised.
        """
        leaving = {slot: tuple(slot.names) for slot in order.going}
        awaited = order.awaited
        staying = [slot for slot in self._slots if slot not in leaving]
        for slot in order.coming:
            self._room.check(staying, slot)
        async with AsyncExitStack() as stack:
            present = [slot for slot in leaving if slot.resident]
            if not self._room.holds_all(self._slots, awaited):
                held = [name for slot in present for name in leaving[slot]]
                await stack.enter_async_context(doors.held(held))
                for slot in present:
                    await self.end(slot)
            await self._come(order.coming, awaited, present)
            order.settle()
            yield
        for slot, names in leaving.items():
            task = asyncio.create_task(self._leave(slot, names, doors), name="mlxk-leave")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _come(self, coming: Sequence[Slot], awaited: Sequence[Slot], present: Sequence[Slot]) -> None:
        """Take in what comes, and load what is awaited; if that fails, `present` are in memory again."""
        self._slots += coming
        try:
            for slot in awaited:
                await self.fetch(slot)
        except BaseException as error:
            for slot in coming:
                await self.end(slot)
                self._slots.remove(slot)
            # Not where the server is about to end.
            for slot in present if isinstance(error, MlxkError) else ():
                await self.fetch(slot)
            raise

    async def _leave(self, slot: Slot, names: Collection[str], doors: Doors) -> None:
        await doors.finished(names)
        await self._drained(slot, None)
        self._slots.remove(slot)

    def resize(self, *, max_models: int | None, budget: int | None, patience: float) -> None:
        """Other limits, for what is loaded from now on."""
        self._room = Room(budget, max_models)
        self._patience = patience

    def _named(self, name: str) -> Slot:
        for slot in self._slots:
            if name in slot.names:
                return slot
        raise ModelNotFound(f"The model '{name[:200]}' does not exist here.", param="model")

    async def __aenter__(self) -> Self:
        try:
            for slot in self._slots:
                if slot.stay.preload:
                    await self.fetch(slot)
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
        loading = [slot.loading for slot in self._slots if slot.loading is not None]
        for task in (*loading, *self._leaving):
            task.cancel()
        await asyncio.gather(*loading, *self._leaving, return_exceptions=True)
        await asyncio.gather(*(self.end(slot) for slot in self._slots))

    @asynccontextmanager
    async def use(self, slot: Slot) -> AsyncIterator[Supervisor]:
        """The slot's engine, loaded, for as long as the block; raises why it cannot be had."""
        async with slot.used():
            try:
                async with asyncio.timeout(self._patience):
                    engine = await self._engine(slot)
            except TimeoutError:
                raise EngineUnavailable(
                    "The model is still waiting to be loaded.", hint="Try again in a moment."
                ) from None
            finally:
                self._let_go(slot)
            slot.active += 1
            try:
                yield engine
            finally:
                slot.active -= 1

    async def fetch(self, slot: Slot) -> None:
        """Load the slot now, however long that takes; one whose engine gave up gets another."""
        async with slot.used():
            if slot.engine is not None and slot.engine.state == "dead" and slot.loading is None:
                await self.end(slot)
            await self._engine(slot)

    async def end(self, slot: Slot) -> None:
        """Give the slot's memory back; what it generates breaks off."""
        slot.stir()
        engine = slot.engine
        if engine is None or slot.ending:
            return
        slot.ending = True
        try:
            await engine.__aexit__(None, None, None)
        finally:
            slot.engine, slot.ending = None, False
            slot.forget()
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

    async def _drained(self, slot: Slot, seconds: float | None) -> None:
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
        slot.pending += 1
        try:
            # Shielded: a client that leaves does not stop what others wait for.
            return await asyncio.shield(slot.loading)
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
                engine = slot.engine = self._factory(slot.config)
            try:
                await engine.__aenter__()
            except BaseException:
                slot.engine = None
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
        logger.info("loaded %s", slot.config.model_path)
        return engine

    async def _make_room(self, slot: Slot) -> None:
        """Wait until there is room; nothing awaits between seeing it and taking it."""
        drained: list[Slot] = []
        try:
            while not self._room.holds(self._slots, slot):
                self._room.check(self._slots, slot)
                leavers = self._room.leavers(self._slots, slot)
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


def _heard(task: asyncio.Task[Supervisor]) -> None:
    """Who waits for a load hears why it failed; when nobody does, the log has it."""
    if not task.cancelled():
        task.exception()
