"""What `mlxk plan` finds out of each served model, and whether they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlxk.cli.loading import make_plan
from mlxk.cli.memory import Fit, Limit, fit_of
from mlxk.config import Resolved
from mlxk.config.schema import Profile
from mlxk.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Row:
    """One served model; those that share weights in memory share them with `shares`."""

    name: str
    fit: Fit | None
    shares: str | None = None
    missing: ModelUnavailable | None = None

    @property
    def counted(self) -> int:
        return 0 if self.fit is None or self.shares is not None else self.fit.counted


def rows_of(served: Mapping[str, Resolved], limit: Limit) -> list[Row]:
    rows: list[Row] = []
    for name, resolved in served.items():
        try:
            fit = fit_of(make_plan(resolved, "server"), limit)
        except ModelUnavailable as error:
            rows.append(Row(name, None, missing=error))
            continue
        same = (row.name for row in rows if row.fit is not None and row.fit.load == fit.load)
        rows.append(Row(name, fit, shares=next(same, None)))
    return rows


def _stays(profile: Profile, row: Row) -> bool:
    """Whether nobody can make it leave."""
    entry = profile.models.get(row.name)
    defaults = None if profile.defaults is None else profile.defaults.ttl
    own = entry.ttl if entry is not None and entry.ttl is not None else defaults
    return profile.memory.evict == "never" or own == "never"


def all_fit(rows: Sequence[Row], limit: Limit, profile: Profile) -> bool:
    """Each alone, beside those that never leave."""
    pinned = [row for row in rows if row.counted and len(rows) > 1 and _stays(profile, row)]
    for row in rows:
        beside = sum(other.counted for other in pinned if other is not row)
        if row.fit is not None and row.counted + beside > limit.bytes:
            return False
    return True
