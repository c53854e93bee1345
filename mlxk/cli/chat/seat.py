"""The one model of a chat: loaded, exchanged for another, and given back.

The new model is loaded before the old one goes, so that a failure leaves the chat as it was; where memory has
no room for both, the old one goes first and comes back if the new one cannot be loaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType

from mlxk.cli.interrupt import interruptible, leave_loading
from mlxk.cli.loading import loaded
from mlxk.cli.memory import fit_of, limit_of
from mlxk.cli.notes import note
from mlxk.errors import EngineError, MlxkError
from mlxk.generation import Loaded
from mlxk.plan import Plan


class Seat:
    """A context manager; `take` comes first."""

    def __init__(self) -> None:
        self._taken: tuple[Loaded, AsyncExitStack] | None = None

    async def __aenter__(self) -> Seat:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    @property
    def loaded(self) -> Loaded:
        if self._taken is None:
            raise EngineError("no model is loaded", hint="name one: /model NAME")
        return self._taken[0]

    async def take_first(self, plan: Plan, on_leave: Callable[[], None] | None = None) -> None:
        """Load what the chat begins with. Ctrl-C ends the process, after `on_leave`: nothing is lost."""
        self._taken = await self._open(plan, partial(leave_loading, on_leave))

    async def take(self, plan: Plan, on_leave: Callable[[], None] | None = None) -> bool:
        """Make this plan the one that answers; returns whether a model was loaded for it.

        Raises `MlxkError` with the old one still there, if that was possible, and `Interrupted` on Ctrl-C. A
        second Ctrl-C ends the process, after `on_leave`.
        """
        if self._taken is None:
            await self.take_first(plan, on_leave)
            return True
        old, stack = self._taken
        if old.plan.engine_config == plan.engine_config and old.plan.facts == plan.facts:
            self._taken = (await _replanned(old, plan), stack)
            return False
        if _fits_beside(plan, old.plan):
            new = await self._open(plan, on_leave=on_leave)
            await stack.aclose()
            self._taken = new
            return True
        note("there is no room for both models: the old one leaves first")
        await self._leave()
        try:
            self._taken = await self._open(plan, on_leave=on_leave)
        except MlxkError:
            self._taken = await self._open(old.plan, on_leave=on_leave)
            raise
        return True

    async def _open(
        self,
        plan: Plan,
        on_press: Callable[[], bool] | None = None,
        on_leave: Callable[[], None] | None = None,
    ) -> tuple[Loaded, AsyncExitStack]:
        stack = AsyncExitStack()
        return await interruptible(stack.enter_async_context(loaded(plan)), on_press, on_leave), stack

    async def _leave(self) -> None:
        if self._taken is not None:
            _, stack = self._taken
            self._taken = None
            await stack.aclose()


async def _replanned(old: Loaded, plan: Plan) -> Loaded:
    """The same engine under another profile."""
    from mlxk.text import TextModel

    if _read_by_text(old.plan) == _read_by_text(plan):
        return replace(old, plan=plan)
    text = await asyncio.to_thread(TextModel.load, plan.facts, plan.profile)
    return replace(old, plan=plan, text=text)


def _read_by_text(plan: Plan) -> object:
    return plan.profile.model_dump(exclude={"sampling": True, "reasoning": {"show"}})


def _fits_beside(plan: Plan, old: Plan) -> bool:
    """Whether both fit. What is usable now counts the old one already; a budget does not."""
    limit = limit_of(plan.profile.memory)
    fit = fit_of(plan, limit)
    taken = fit_of(old, limit).counted if limit.promised else 0
    return fit.counted + taken <= limit.bytes
