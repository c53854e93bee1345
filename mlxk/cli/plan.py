"""`mlxk plan`: what models take of memory, before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.facts import model_facts
from mlxk.cli.loading import make_plan
from mlxk.cli.memory import Fit, Limit, fit_of, limit_of
from mlxk.cli.names import ModelName, ProfileFlag, VariantFlag
from mlxk.config import Resolved, resolve
from mlxk.config.models import resolve_models
from mlxk.config.schema import ModelSection, Profile
from mlxk.errors import ModelUnavailable, UsageError
from mlxk.hub import references
from mlxk.memory import show


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


def plan(
    model: ModelName | None = None,
    *,
    profile: ProfileFlag = None,
    variant: VariantFlag = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = (),
    isolated: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Tell what a model, or all of a profile's models, take of memory, and whether that fits.

    Nothing is loaded: sizes come from the headers of the model's files. Exit status 1 if something does not
    fit.

    Examples:
        mlxk plan -p demo
        mlxk plan mlx-community/Qwen3-4B-Instruct-2507-4bit --set tokens.context=32768

    Parameters
    ----------
    model
        A model, where no profile is given.
    profile
        A profile's name or its file.
    variant
        One of the profile's variants.
    set_
        Set one value over the profile, such as engine.concurrency=4. May be given again.
    isolated
        Use the profile alone: no mlxk.yaml, no user file.
    json_
        For programs; sizes in bytes.
    """
    if profile is None and model is None:
        raise UsageError("name a profile with -p or a model", hint="mlxk profiles lists the profiles")
    resolved = resolve(
        profile,
        model=None if model is None else references.canonical(model),
        sets=set_,
        variant=variant,
        isolated=isolated,
        looks=True,
        generation_config=_generation_config,
    )
    limit = limit_of(resolved.profile.memory)
    served = resolve_models(resolved, isolated=isolated, looks=True, generation_config=_generation_config)
    rows = _rows(served, limit)
    if len(rows) == 1 and rows[0].missing is not None:
        raise rows[0].missing
    print(json.dumps(_as_json(rows, limit), indent=2) if json_ else _as_text(rows, limit, resolved.profile))
    return 0 if _fits(rows, limit, resolved.profile) else 1


def _generation_config(section: ModelSection) -> Mapping[str, Any]:
    try:
        return model_facts(section).generation_config
    except ModelUnavailable:
        return {}


def _rows(served: Mapping[str, Resolved], limit: Limit) -> list[Row]:
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


def _fits(rows: Sequence[Row], limit: Limit, profile: Profile) -> bool:
    """Each alone, beside those that never leave."""
    pinned = [row for row in rows if row.counted and len(rows) > 1 and _stays(profile, row)]
    for row in rows:
        beside = sum(other.counted for other in pinned if other is not row)
        if row.fit is not None and row.counted + beside > limit.bytes:
            return False
    return True


def _as_text(rows: Sequence[Row], limit: Limit, profile: Profile) -> str:
    if len(rows) == 1 and rows[0].fit is not None:
        return "\n".join([*_single(rows[0].fit), "", _machine(limit), *_verdict(rows[0].fit)])
    lines = _table(rows)
    total = sum(row.counted for row in rows)
    lines += ["", _machine(limit)]
    if total <= limit.bytes:
        lines.append(f"all together: {show(total)}, which fits")
    elif _fits(rows, limit, profile):
        lines.append(f"all together: {show(total)}; what was unused for longest leaves when another is asked")
    else:
        lines.append(f"all together: {show(total)}, which does not fit")
    for row in rows:
        if row.fit is not None and row.shares is None and not row.fit.fits:
            lines += [f"{row.name} does not fit:", *_suggestions(row.fit)]
    return "\n".join(lines)


def _single(fit: Fit) -> list[str]:
    need = fit.need
    parts = {
        **need.parts(),
        "at the most": need.most,
        "for one answer" if fit.promised_context else "for one short answer": need.least,
    }
    return [fit.name, *(f"  {name:<36} {show(size):>9}" for name, size in parts.items())]


def _table(rows: Sequence[Row]) -> list[str]:
    width = max(len("model"), *(len(row.name) for row in rows))
    heads = ("weights", "KV cache", "prompt cache", "at the most", "at least")
    lines = [f"{'model':<{width}}" + "".join(f"  {head:>12}" for head in heads)]
    for row in rows:
        if row.fit is None:
            lines.append(
                f"{row.name:<{width}}  not on this machine: {row.missing.hint if row.missing else ''}"
            )
        elif row.shares is not None:
            lines.append(f"{row.name:<{width}}  in the memory of {row.shares}")
        else:
            need = row.fit.need
            sizes = (need.weights, need.cache, need.prompt_cache, need.most, need.least)
            lines.append(f"{row.name:<{width}}" + "".join(f"  {show(size):>12}" for size in sizes))
    return lines


def _machine(limit: Limit) -> str:
    machine = f"this machine: {show(limit.machine.total)}, of which models may now take "
    machine += show(limit.machine.usable)
    return f"{machine}; the profile's budget is {show(limit.bytes)}" if limit.promised else machine


def _verdict(fit: Fit) -> list[str]:
    if fit.need.most <= fit.limit.bytes:
        return ["it fits"]
    if fit.fits:
        head = "it fits, but not all that it is allowed at a time; it would with one of:"
    else:
        head = "it does not fit; it would with one of:"
    suggestions = _suggestions(fit)
    return [head, *suggestions] if suggestions else [head.split(";")[0]]


def _suggestions(fit: Fit) -> list[str]:
    return [f"  {said:<48} {show(need.most):>9}" for said, need in fit.suggestions()]


def _as_json(rows: Sequence[Row], limit: Limit) -> Mapping[str, object]:
    return {
        "machine": {"total": limit.machine.total, "usable": limit.machine.usable},
        "limit": limit.bytes,
        "budget": limit.promised,
        "total": sum(row.counted for row in rows),
        "models": [_row_json(row) for row in rows],
    }


def _row_json(row: Row) -> Mapping[str, object]:
    if row.fit is None:
        return {"name": row.name, "on_this_machine": False}
    need = row.fit.need
    return {
        "name": row.name,
        "on_this_machine": True,
        "shares": row.shares,
        "fits": row.fit.fits,
        "counted": row.counted,
        "most": need.most,
        "least": need.least,
        "parts": asdict(need),
        "suggestions": [{"change": said, "most": better.most} for said, better in row.fit.suggestions()]
        if need.most > row.fit.limit.bytes
        else [],
    }
