"""What `mlxk plan` finds out of each served model, and whether they fit, as `mlxk up` would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlxk.cli.loading import make_plan
from mlxk.cli.memory import Fit, Limit, fit_of, stay_of
from mlxk.config import Resolved
from mlxk.config.schema import MemorySection, Profile
from mlxk.engine import EngineConfig, shared
from mlxk.errors import ModelUnavailable
from mlxk.plan import Plan
from mlxk.server.wishes import Stay


@dataclass(frozen=True, slots=True)
class Row:
    """One served model. Of those that share an engine, all but the first say whose it is, and all have the
    longest stay."""

    name: str
    fit: Fit | None
    pinned: bool = False
    shares: str | None = None
    missing: ModelUnavailable | None = None

    @property
    def counted(self) -> int:
        return 0 if self.fit is None or self.shares is not None else self.fit.counted


def rows_of(served: Mapping[str, Resolved], limit: Limit, whole: Profile) -> list[Row]:
    """In their order. `whole` is the profile that serves them."""
    plans: dict[str, Plan] = {}
    missing: dict[str, ModelUnavailable] = {}
    for name, resolved in served.items():
        try:
            plans[name] = make_plan(resolved, "server")
        except ModelUnavailable as error:
            missing[name] = error
    loads = dict(zip(plans, shared(plan.engine_config for plan in plans.values()), strict=True))
    firsts: dict[EngineConfig, str] = {}
    stays: dict[EngineConfig, Stay] = {}
    for name, load in loads.items():
        stay = stay_of(plans[name].profile, whole)
        firsts.setdefault(load, name)
        stays[load] = stays.get(load, stay).over(stay)
    return [
        Row(name, None, missing=missing[name])
        if name in missing
        else Row(
            name,
            fit_of(plans[name], limit, loads[name]),
            stays[loads[name]].pinned,
            None if firsts[loads[name]] == name else firsts[loads[name]],
        )
        for name in served
    ]


def all_fit(rows: Sequence[Row], limit: Limit, memory: MemorySection) -> bool:
    """Each alone, beside those that never leave."""
    engines = [row for row in rows if row.fit is not None and row.shares is None]
    for row in engines:
        beside = [other for other in engines if other.pinned and other is not row]
        if row.counted + sum(other.counted for other in beside) > limit.bytes:
            return False
        if memory.max_models is not None and len(beside) >= memory.max_models:
            return False
    return True
