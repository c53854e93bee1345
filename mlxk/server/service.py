"""The server's state, without HTTP: what it serves, what runs, and whether it may be asked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Literal, Protocol

from mlxk.engine.base import DEAD, STARTING, EngineStats
from mlxk.errors import EngineUnavailable, MlxkError, Overloaded, RequestError
from mlxk.protocols.base import Json, ModelCard, find_card
from mlxk.server.answer import Answer
from mlxk.server.models import ServedModel

Phase = Literal["starting", "ready", "draining"]

# What clients are told of a model, by its engine's state. A model that is asleep or being loaded can answer.
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "unloaded": "asleep",
        "starting": "loading",
        "ready": "ready",
        "draining": "draining",
        "dead": "failed",
    }
)


class Work(Protocol):
    """What may finish before the server stops. `size` is how many generations it has."""

    @property
    def size(self) -> int: ...

    def interrupt(self, error: MlxkError) -> None: ...


class Service:
    def __init__(self) -> None:
        self._models: dict[str, ServedModel] = {}
        self._running: dict[Work, str] = {}
        self._held: frozenset[str] = frozenset()
        self._patience = 0.0  # seconds that a request waits for a model that is held
        self._waiting = 0
        self._changed = asyncio.Event()
        self._phase: Phase = "starting"

    @property
    def phase(self) -> Phase:
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        """Those that wait look again."""
        self._phase = phase
        self._wake()

    def serve(self, models: Sequence[ServedModel]) -> None:
        """These, instead of those before; what runs is not touched."""
        self._models = {model.card.id: model for model in models}

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        return tuple(model.card for model in self._models.values())

    def model(self, name: str) -> ServedModel:
        """Raises `ModelNotFound`."""
        return self._models[find_card(name, self.cards).id]

    async def admitted(self, name: str, limit: int) -> ServedModel:
        """The model, as soon as it takes requests; raises `ModelNotFound`.

        Raises `Overloaded` or `EngineUnavailable` when too many wait for that, or this one does too long.
        """
        if self.model(name).card.id in self._held:
            self._count(1, limit)
            self._waiting += 1
            try:
                async with asyncio.timeout(self._patience):
                    await self._released(name)
            except TimeoutError:
                raise EngineUnavailable(
                    "The model is being exchanged for another one.", hint="Try again in a moment."
                ) from None
            finally:
                self._waiting -= 1
        return self.model(name)

    async def _released(self, name: str) -> None:
        while self.model(name).card.id in self._held:
            await self._changed.wait()
            self.check()

    @asynccontextmanager
    async def held(self, names: Collection[str], patience: float) -> AsyncIterator[None]:
        """Nothing of these models runs within the block; requests for them wait until it ends.

        Raises `EngineUnavailable` when what runs of them is not over in `patience` seconds; a request waits
        as long.
        """
        self._held, self._patience = frozenset(names), patience
        try:
            await self._quiet(patience)
            yield
        finally:
            self._held = frozenset()
            self._wake()

    async def _quiet(self, patience: float) -> None:
        """Wait until nothing of the models that are held runs."""
        try:
            async with asyncio.timeout(patience):
                await self.finished(self._held)
        except TimeoutError:
            raise EngineUnavailable(
                f"{', '.join(sorted(self._held))} had answers to finish for more than {patience:g} s, and "
                "there is no room for both the old and the new",
                hint="Try again when less runs; `memory.wait` says for how long to wait.",
            ) from None

    async def finished(self, names: Collection[str] | None = None) -> None:
        """Wait until the answers that run now are over: of these models, or of all."""
        waiting = {answer for answer, name in self._running.items() if names is None or name in names}
        while waiting & self._running.keys():
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @contextmanager
    def track(self, answer: Answer, model: ServedModel, limit: int) -> Iterator[None]:
        """An answer that counts as running; raises `EngineUnavailable` or `Overloaded` when none may begin.

        At most `limit` generations run and wait at a time, of all models together.
        """
        self.check()
        if answer.size > limit:
            raise RequestError(f"This server generates at most {limit} answers at a time.", param="n")
        self._count(answer.size, limit)
        with self.busy(answer, model.card.id):
            yield

    def _count(self, more: int, limit: int) -> None:
        """Raises `Overloaded` if so many more are too many."""
        if more + self._waiting + sum(other.size for other in self._running) > limit:
            raise Overloaded("Too many requests are waiting.", hint="Try again in a moment.")

    @contextmanager
    def busy(self, work: Work, name: str = "") -> Iterator[None]:
        """Something that runs, for a model if it has a name; raises `EngineUnavailable` if none may begin."""
        self.check()
        self._running[work] = name
        try:
            yield
        finally:
            del self._running[work]
            self._wake()

    def keeping(self, model: ServedModel, keep_alive: float | None) -> AbstractContextManager[None]:
        """For a request in the block: how long it keeps the model behind it; raises `RequestError`."""
        return nullcontext() if keep_alive is None else model.residence.during(_lasting(keep_alive))

    async def settle(self, model: ServedModel, keep_alive: float | None) -> None:
        """Load the model, or give its memory back if it is to be kept for no time at all."""
        self.check()
        if keep_alive is not None:
            model.residence.keep(_lasting(keep_alive))
        await (model.residence.release() if keep_alive == 0 else model.residence.load())

    def check(self) -> None:
        """Raises `EngineUnavailable` while nothing may begin."""
        if self.phase == "starting":
            raise EngineUnavailable("The model is still being loaded.", hint="Try again in a moment.")
        if self.phase == "draining":
            raise EngineUnavailable("The server is shutting down.")

    def interrupt(self) -> None:
        """End all that runs with an error that tells why."""
        for work in list(self._running):
            work.interrupt(EngineUnavailable("The server is shutting down."))

    async def catalogue(self) -> tuple[ModelCard, ...]:
        """The cards with each model's state and memory."""
        engines = await self.engines()
        return tuple(
            replace(
                model.card,
                state=_STATES[engines[name].state],
                memory_bytes=engines[name].active_bytes,
                expires_at=model.residence.expires_at(),
            )
            for name, model in self._models.items()
        )

    async def engines(self) -> dict[str, EngineStats]:
        """Each model's engine as it is now."""
        found = {}
        for name, model in self._models.items():
            try:
                found[name] = STARTING if self.phase == "starting" else await model.stats()
            except MlxkError:
                found[name] = DEAD
        return found

    def engine_names(self) -> Mapping[str, str]:
        """Which engine each model has: variants of the same weights share one."""
        return {name: model.residence.name for name, model in self._models.items()}

    def restarts(self) -> Mapping[str, int]:
        """How often each engine died and was started again, by its name."""
        return {model.residence.name: model.residence.restarts for model in self._models.values()}

    def alive(self) -> Json:
        """Said as long as anything can be said."""
        return {"status": "alive"}

    async def health(self) -> tuple[bool, Json]:
        """Whether a model can answer, loaded first if need be, and each one's state."""
        states = {name: await self._state(model) for name, model in self._models.items()}
        able = {
            name for name, state in states.items() if state["state"] != "failed" and "reason" not in state
        }
        served = "ready" if len(able) == len(states) else "degraded" if able else "unavailable"
        ready = self.phase == "ready" and bool(able)
        return ready, {
            "status": served if self.phase == "ready" else self.phase,
            "models": [{"name": name, **state} for name, state in states.items()],
        }

    async def _state(self, model: ServedModel) -> dict[str, object]:
        if self.phase == "starting":
            return {"state": "loading"}
        try:
            stats = await model.stats()
        except MlxkError as error:
            return {"state": "failed", "reason": error.code}
        told = {"state": _STATES[stats.state], "running": stats.running, "waiting": stats.waiting}
        failure = model.residence.reason
        return told if failure is None else {**told, "reason": failure.code}


def _lasting(keep_alive: float) -> float | None:
    """A request's seconds as a residence counts them."""
    return None if math.isinf(keep_alive) else keep_alive
