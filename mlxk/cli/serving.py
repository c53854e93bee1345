"""From resolved profiles to what a server serves: at its start, and whenever its configuration changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mlxk.cli.facts import model_facts
from mlxk.cli.loading import make_plan
from mlxk.cli.memory import Fit, fit_of, limit_of, stay_of
from mlxk.config import Resolved
from mlxk.config.difference import Difference, differences
from mlxk.config.models import resolve_models
from mlxk.config.notation import seconds
from mlxk.config.schema import Profile, ServerSection
from mlxk.config.schema.server import AdminKey, ApiKey, KeyLimitsSection
from mlxk.engine import shared
from mlxk.generation import Loaded, count_prompt, generate
from mlxk.memory import Machine
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest
from mlxk.server.cards import card_of
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.limits import Limits
from mlxk.server.listen import own_host
from mlxk.server.models import Counted, ServedModel
from mlxk.server.quota import KeyLimits
from mlxk.server.residence import GuardedResidence
from mlxk.server.routes import RouteTable
from mlxk.server.site import Site
from mlxk.server.slot import Slot
from mlxk.server.tokens import TextTokens
from mlxk.server.wishes import Wish
from mlxk.text import TextModel


@dataclass(frozen=True, slots=True)
class Residences:
    """What the models may take together: bytes, places, and seconds that a request waits for its model."""

    budget: int | None
    max_models: int | None
    patience: float


@dataclass(frozen=True, slots=True)
class Configuration:
    """A profile with all that it serves, found and checked. Nothing of it is loaded."""

    resolved: Resolved
    served: tuple[Resolved, ...]
    plans: tuple[Plan, ...]
    fits: tuple[Fit, ...]
    budget: int | None

    @classmethod
    def of(cls, resolved: Resolved, *, isolated: bool, here: Machine) -> Configuration:
        """Find each model's files and hold the settings against them; raises what is wrong.

        `here` is the machine before any of the models was loaded.
        """
        served = resolve_models(
            resolved,
            isolated=isolated,
            generation_config=lambda section: model_facts(section).generation_config,
        )
        plans = tuple(make_plan(item, "server") for item in served.values())
        limit = limit_of(resolved.profile.memory, here)
        loads = shared(plan.engine_config for plan in plans)
        fits = tuple(fit_of(plan, limit, load) for plan, load in zip(plans, loads, strict=True))
        return cls(resolved, tuple(served.values()), plans, fits, limit.bytes)

    @property
    def profile(self) -> Profile:
        return self.resolved.profile

    @property
    def files(self) -> tuple[str, ...]:
        """Those that say something, also about single entries, as messages name them."""
        return tuple(dict.fromkeys(file for item in self.served for file in item.files))

    @property
    def read(self) -> frozenset[Path]:
        """All that were read."""
        return frozenset(path for item in (self.resolved, *self.served) for path in item.read)

    def changes(self, new: Configuration) -> list[Difference]:
        """What differs in `new`, also in what single entries build on."""
        found = differences(self.resolved, new.resolved)
        before = {item.name: item for item in self.served}
        for item in new.served if new.profile.models else ():
            if item.name in before:
                inner = differences(before[item.name], item)
                found += [replace(one, path=("models", item.name, *one.path)) for one in inner]
        return list({one.path: one for one in found}.values())

    @property
    def config_hash(self) -> str:
        return self.plans[0].config_hash

    @property
    def residences(self) -> Residences:
        memory = self.profile.memory
        return Residences(self.budget, memory.max_models, seconds(memory.wait) or 0.0)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        return tuple(
            Wish(plan.name, fit.load, stay_of(plan.profile, self.profile), fit.claim)
            for plan, fit in zip(self.plans, self.fits, strict=True)
        )

    def site(self, slot_of: Callable[[str], Slot]) -> Site:
        """What is served, over the slots of the names. Reads tokenizers: not for an event loop."""
        server = self.profile.server
        return Site(
            models=tuple(_served(plan, slot_of(plan.name)) for plan in self.plans),
            guard=Guard(
                own_host(server.listen),
                keys=Keyring(_named_keys(server.api_keys)),
                cors=server.cors,
                admins=Keyring(_named_keys(server.admin_keys)),
            ),
            routes=RouteTable(server.routes),
            limits=_limits(server),
            log_content=self.profile.log.content,
            pull=tuple(server.pull),
        )


def _served(plan: Plan, slot: Slot) -> ServedModel:
    loaded = Loaded(plan, TextModel.load(plan.facts, plan.profile), slot)

    async def count(request: GenerationRequest) -> Counted:
        return Counted(*await asyncio.to_thread(count_prompt, loaded, request))

    return ServedModel(
        card_of(plan, loaded.text),
        lambda request: generate(loaded, request),
        count,
        slot.stats,
        TextTokens(loaded.text),
        GuardedResidence(slot, plan.profile),
    )


def _limits(server: ServerSection) -> Limits:
    limits = server.limits
    return Limits(
        max_body=limits.body,
        upload_seconds=limits.upload_seconds,
        queue=limits.queue,
        per_key=_key_limits(limits.per_key),
        named_keys={
            item.name: _key_limits(item.limits)
            for item in server.api_keys
            if isinstance(item, ApiKey) and item.limits is not None
        },
        stored_responses=limits.stored_responses,
        stored_bytes=limits.stored_bytes,
        drain_seconds=server.drain,
    )


def _key_limits(limits: KeyLimitsSection) -> KeyLimits:
    return KeyLimits(limits.concurrency, limits.requests_per_minute)


def _named_keys(keys: Iterable[str | ApiKey | AdminKey]) -> list[tuple[str, str]]:
    """Keys by name; one without a name is known by its place in the list."""
    return [
        (f"#{index}", item) if isinstance(item, str) else (item.name, item.key)
        for index, item in enumerate(keys, 1)
    ]
