"""The models in memory: loaded when they are first asked, given back when they idle or others need the room.

One slot per distinct set of weights and engine settings; the names and variants that share it share its
engine. Who is loaded when, and who leaves for whom, is the `loader`'s business.

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
from mlxk.errors import EngineUnavailable, InsufficientMemory, MlxkError, ModelNotFound
from mlxk.server.arrangement import Arrangement
from mlxk.server.loader import Loader
from mlxk.server.room import Room
from mlxk.server.slot import Slot, State
from mlxk.server.wishes import Wish

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

    def held(self, names: Collection[str], patience: float) -> AbstractAsyncContextManager[None]:
        """Nothing of these models runs within the block; requests for them wait until it ends.

        Raises `EngineUnavailable` when what runs is not over in `patience` seconds.
        """
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
        self._loader = Loader(Room(budget, max_models), patience, factory)
        self._slots = self._loader.slots
        self._leaving: set[asyncio.Task[None]] = set()

    def place(self, wish: Wish) -> Slot:
        """A slot for one more name; those of the same weights share one, and the longest stay counts."""
        slot = next((slot for slot in self._slots if slot.config == wish.config), None)
        if slot is None:
            slot = Slot(self._loader, wish.config, wish.claim, wish.stay)
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
                slot.reason,
            )
            for slot in self._slots
            for name in slot.names
        )

    async def load(self, name: str) -> None:
        """Load a model now, also one that failed; raises `ModelNotFound`, or why it cannot be."""
        await self._loader.load(self._named(name))

    async def unload(self, name: str, *, drain_seconds: float | None = None) -> None:
        """Give a model's memory back when its running answers are over, or after `drain_seconds`.

        Requests that come meanwhile wait, and load it again. Raises `ModelNotFound`.
        """
        await self._loader.drain(self._named(name), drain_seconds)

    def arrange(self, wishes: Iterable[Wish]) -> Arrangement:
        """The slots of a new order; nothing changes yet."""
        return Arrangement(self._loader, self._slots, wishes)

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
            self._loader.room.check(staying, slot)
        if not self._loader.room.holds_all(self._slots, awaited):
            await self._gone()
        async with AsyncExitStack() as stack:
            present = [slot for slot in leaving if slot.resident]
            if not self._loader.room.holds_all(self._slots, awaited):
                held = [name for slot in present for name in leaving[slot]]
                await stack.enter_async_context(doors.held(held, self._loader.patience))
                for slot in present:
                    await self._loader.end(slot)
            await self._come(order.coming, awaited, present)
            order.settle()
            self._foresee()
            yield
        for slot, names in leaving.items():
            task = asyncio.create_task(self._leave(slot, names, doors), name="mlxk-leave")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _gone(self) -> None:
        """Wait for what goes already, before any other model is closed for the room that it takes."""
        leaving = set(self._leaving)
        if leaving and (await asyncio.wait(leaving, timeout=self._loader.patience))[1]:
            raise EngineUnavailable(
                "An engine of an earlier configuration still answers, and there is no room beside it.",
                hint="Try again when it is done; `memory.wait` says for how long to wait.",
            )

    async def _come(self, coming: Sequence[Slot], awaited: Sequence[Slot], present: Sequence[Slot]) -> None:
        """Take in what comes, and load what is awaited; if that fails, `present` are in memory again."""
        self._slots += coming
        try:
            for slot in awaited:
                await self._loader.fetch(slot)
        except BaseException as error:
            for slot in coming:
                await self._loader.end(slot)
                self._slots.remove(slot)
            # Not where the server is about to end.
            for slot in present if isinstance(error, MlxkError) else ():
                await self._loader.fetch(slot)
            raise

    async def _leave(self, slot: Slot, names: Collection[str], doors: Doors) -> None:
        await doors.finished(names)
        await self._loader.drain(slot, None)
        self._slots.remove(slot)

    def resize(self, *, max_models: int | None, budget: int | None, patience: float) -> None:
        """Other limits, for what is loaded from now on."""
        self._loader.room = Room(budget, max_models)
        self._loader.patience = patience
        self._loader.share()

    def _named(self, name: str) -> Slot:
        for slot in self._slots:
            if name in slot.names:
                return slot
        raise ModelNotFound(f"The model '{name[:200]}' does not exist here.", param="model")

    async def __aenter__(self) -> Self:
        try:
            for slot in self._slots:
                if slot.stay.preload:
                    await self._loader.fetch(slot)
        except BaseException:
            await self.close()
            raise
        self._foresee()
        return self

    def _foresee(self) -> None:
        """Tell of models that can never be loaded, before anybody asks for one, and no longer of others."""
        for slot in self._slots:
            if isinstance(slot.failure, InsufficientMemory):
                slot.failure = None
            try:
                self._loader.room.check(self._slots, slot)
            except InsufficientMemory as error:
                slot.failure = error
                logger.warning("%s cannot be loaded: %s. %s", slot.name, error.message, error.hint or "")

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
        await asyncio.gather(*(self._loader.end(slot) for slot in self._slots))
