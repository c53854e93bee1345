"""`mlxk plan`: what models take of memory, before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.facts import model_facts
from mlxk.cli.memory import limit_of
from mlxk.cli.names import ModelName, ProfileFlag, VariantFlag
from mlxk.cli.plan_report import as_json, as_text
from mlxk.cli.plan_rows import all_fit, rows_of
from mlxk.config import resolve
from mlxk.config.models import resolve_models
from mlxk.config.schema import ModelSection
from mlxk.errors import ModelUnavailable, UsageError
from mlxk.hub import references


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
    rows = rows_of(served, limit, resolved.profile)
    if len(rows) == 1 and rows[0].missing is not None:
        raise rows[0].missing
    print(json.dumps(as_json(rows, limit), indent=2) if json_ else as_text(rows, limit, resolved.profile))
    return 0 if all_fit(rows, limit, resolved.profile.memory) else 1


def _generation_config(section: ModelSection) -> Mapping[str, Any]:
    try:
        return model_facts(section).generation_config
    except ModelUnavailable:
        return {}
