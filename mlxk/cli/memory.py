"""A plan's model against this machine's memory: what it takes, and whether it may be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlxk.config.notation import byte_count, percent, seconds
from mlxk.config.schema import MemorySection, Profile
from mlxk.engine.base import EngineConfig
from mlxk.errors import InsufficientMemory
from mlxk.memory import Machine, MemoryNeed, Model, advice, model_of, refusal
from mlxk.memory import machine as this_machine
from mlxk.memory.need import changed
from mlxk.plan import Plan
from mlxk.server.wishes import Claim, Stay


@dataclass(frozen=True, slots=True)
class Limit:
    """How many bytes models may take together. `promised`: a profile said so, and nothing may exceed it."""

    bytes: int
    promised: bool
    machine: Machine


def limit_of(memory: MemorySection, here: Machine | None = None) -> Limit:
    """The budget of the profile, or what the machine has for models: now, or when `here` was taken."""
    machine = here or this_machine()
    if memory.budget is None:
        return Limit(machine.usable, promised=False, machine=machine)
    part = percent(memory.budget)
    size = int(machine.total * part) if part is not None else byte_count(memory.budget) or 0
    return Limit(size, promised=True, machine=machine)


@dataclass(frozen=True, slots=True)
class Fit:
    """One model and what it may take."""

    name: str
    model: Model
    load: EngineConfig
    limit: Limit
    promised_context: int | None

    @property
    def need(self) -> MemoryNeed:
        return self.model.need(
            self.load, promised=self.promised_context, fused=self.limit.machine.fused_attention
        )

    @property
    def counted(self) -> int:
        """Within a budget the most it may ever take; else what it takes to answer at all."""
        need = self.need
        return need.most if self.limit.promised else need.least

    @property
    def fits(self) -> bool:
        return self.counted <= self.limit.bytes

    @property
    def claim(self) -> Claim:
        return Claim(self.counted, self.refuse, self.need.runtime)

    def suggestions(self, room: int | None = None) -> list[tuple[str, MemoryNeed]]:
        limit = self.limit.bytes if room is None else room
        return advice(self.model, self.load, limit, fused=self.limit.machine.fused_attention)

    def refuse(self, limit: int, taken: Mapping[str, int]) -> InsufficientMemory:
        suggestions = self.suggestions(limit - sum(taken.values()))
        return refusal(self.name, self.need, limit, suggestions, needed=self.counted, others=taken)


def fit_of(plan: Plan, limit: Limit, load: EngineConfig | None = None) -> Fit:
    """Reads the headers of the plan's weights. `run` and `chat` answer one request at a time."""
    if load is None:
        load = (
            plan.engine_config if plan.surface == "server" else changed(plan.engine_config, max_concurrency=1)
        )
    return Fit(plan.name, model_of(plan.facts, load), load, limit, plan.profile.tokens.context)


def stay_of(profile: Profile, whole: Profile) -> Stay:
    """When a model of a server with this `whole` profile is in memory.

    The only one is loaded at once, one among several when it is first asked.
    """
    preload = not whole.models if profile.preload is None else profile.preload
    pinned = profile.ttl == "never" or whole.memory.evict == "never"
    return Stay(seconds(profile.ttl or "never"), pinned, preload)


def check(plan: Plan) -> None:
    """Before a model is loaded for one command; raises `InsufficientMemory` with figures."""
    fit = fit_of(plan, limit_of(plan.profile.memory))
    if not fit.fits:
        raise fit.refuse(fit.limit.bytes, {})
