"""The server's state, without HTTP: what it serves, what runs, and whether it may be asked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

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


class Service:
    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = {model.card.id: model for model in models}
        self._running: set[Answer] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.phase: Phase = "starting"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        return tuple(model.card for model in self._models.values())

    def model(self, name: str) -> ServedModel:
        """Raises `ModelNotFound`."""
        return self._models[find_card(name, self.cards).id]

    @contextmanager
    def track(self, answer: Answer, limit: int) -> Iterator[None]:
        """An answer that counts as running; raises `EngineUnavailable` or `Overloaded` when none may begin.

        At most `limit` generations run and wait at a time, of all models together.
        """
        self._check()
        if answer.size > limit:
            raise RequestError(f"This server generates at most {limit} answers at a time.", param="n")
        if answer.size + sum(other.size for other in self._running) > limit:
            raise Overloaded("Too many requests are waiting.", hint="Try again in a moment.")
        self._running.add(answer)
        self._idle.clear()
        try:
            yield
        finally:
            self._running.discard(answer)
            if not self._running:
                self._idle.set()

    def keeping(self, model: ServedModel, keep_alive: float | None) -> AbstractContextManager[None]:
        """For a request in the block: how long it keeps the model behind it; raises `RequestError`."""
        return nullcontext() if keep_alive is None else model.residence.during(_lasting(keep_alive))

    async def settle(self, model: ServedModel, keep_alive: float | None) -> None:
        """Load the model, or give its memory back if it is to be kept for no time at all."""
        self._check()
        if keep_alive is not None:
            model.residence.keep(_lasting(keep_alive))
        await (model.residence.release() if keep_alive == 0 else model.residence.load())

    def _check(self) -> None:
        """Raises `EngineUnavailable` while nothing may begin."""
        if self.phase == "starting":
            raise EngineUnavailable("The model is still being loaded.", hint="Try again in a moment.")
        if self.phase == "draining":
            raise EngineUnavailable("The server is shutting down.")

    async def finished(self) -> None:
        """Wait until no answer runs."""
        await self._idle.wait()

    def interrupt(self) -> None:
        """End all running answers with an error that tells why."""
        for answer in list(self._running):
            answer.interrupt(EngineUnavailable("The server is shutting down."))

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

    async def health(self) -> tuple[bool, Json]:
        """Whether every model can answer, loaded first if need be, and each one's state."""
        states = {name: await self._state(model) for name, model in self._models.items()}
        able = all(state["state"] != "failed" for state in states.values())
        ready = self.phase == "ready" and able
        status = self.phase if self.phase != "ready" else "ready" if ready else "unavailable"
        return ready, {
            "status": status,
            "models": [{"name": name, **state} for name, state in states.items()],
        }

    async def _state(self, model: ServedModel) -> dict[str, object]:
        if self.phase == "starting":
            return {"state": "loading"}
        try:
            stats = await model.stats()
        except MlxkError as error:
            return {"state": "failed", "reason": error.code}
        return {"state": _STATES[stats.state], "running": stats.running, "waiting": stats.waiting}


def _lasting(keep_alive: float) -> float | None:
    """A request's seconds as a residence counts them."""
    return None if math.isinf(keep_alive) else keep_alive
