"""`mlxk rm`: remove models from the hub's cache, after saying what goes."""

from __future__ import annotations

import json
import sys
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.cli.notes import note
from mlxk.errors import ModelError, UsageError
from mlxk.hub.cache import Removal, removal
from mlxk.hub.sizes import show


def rm(
    *models: ModelName,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Remove models from the hub's cache. What another revision shares stays.

    Examples:
        mlxk rm mlx-community/Qwen3-4B-Instruct-2507-4bit
        mlxk rm qwen3-4b@v1 --yes

    Parameters
    ----------
    models
        org/name for all of its revisions, org/name@revision for one, or a short name.
    yes
        Do not ask.
    dry_run
        Tell what would go, and remove nothing.
    json_
        For programs. Needs --yes or --dry-run.
    """
    if not models:
        raise UsageError("no model to remove", hint="mlxk list shows them")
    if json_ and not (yes or dry_run):
        raise UsageError("--json does not ask", hint="add --yes or --dry-run")
    plans = [removal(model) for model in models]
    if not json_:
        for plan in plans:
            _tell(plan)
    if not dry_run:
        if not (yes or _agreed()):
            note("nothing was removed")
            return 1
        for plan in plans:
            _remove(plan)
    if json_:
        print(json.dumps([_data(plan, removed=not dry_run) for plan in plans], indent=2, ensure_ascii=False))
    return 0


def _tell(plan: Removal) -> None:
    for model in plan.models:
        print(f"{model.reference}  {model.commit[:12]}  {show(model.size)}")
    print(f"frees {show(plan.freed)}")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to ask", hint="add --yes")
    print("remove? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _remove(plan: Removal) -> None:
    try:
        plan.execute()
    except OSError as error:
        raise ModelError(f"{plan.models[0].repo} could not be removed: {error}") from error


def _data(plan: Removal, *, removed: bool) -> dict[str, object]:
    return {
        "models": [{"model": model.reference, "commit": model.commit} for model in plan.models],
        "freed_bytes": plan.freed,
        "removed": removed,
    }
