"""What `mlxk plan` tells, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from mlxk.cli.memory import Fit, Limit
from mlxk.cli.plan_rows import Row, all_fit
from mlxk.config.schema import Profile
from mlxk.memory import show


def as_text(rows: Sequence[Row], limit: Limit, profile: Profile) -> str:
    if len(rows) == 1 and rows[0].fit is not None:
        return "\n".join([*_single(rows[0].fit), "", _machine(limit), *_verdict(rows[0].fit)])
    lines = _table(rows)
    total = sum(row.counted for row in rows)
    lines += ["", _machine(limit)]
    fit = all_fit(rows, limit, profile.memory)
    if total <= limit.bytes and fit:
        lines.append(f"all together: {show(total)}, which fits")
    elif fit:
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


def as_json(rows: Sequence[Row], limit: Limit) -> Mapping[str, object]:
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
