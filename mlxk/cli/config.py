"""`mlxk config`: the effective values, and where each comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from mlxk.cli.names import RequiredProfileFlag, VariantFlag
from mlxk.config import Resolved, resolve
from mlxk.config.diagnostics import suggestion
from mlxk.config.difference import differences
from mlxk.config.models import resolve_models
from mlxk.config.printing import as_yaml
from mlxk.config.schema import ModelSection
from mlxk.config.values import plain
from mlxk.errors import ModelError, ProfileNotFound

config = App(
    name="config",
    help="""Print a profile's effective values and where each comes from.

Example: mlxk config -p demo --origin""",
)

Sets = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
Switch = Annotated[bool, Parameter(negative="")]


@config.default
def show(
    *,
    profile: RequiredProfileFlag,
    origin: Switch = False,
    format_: Annotated[Literal["yaml", "json"], Parameter(name="--format")] = "yaml",
    variant: VariantFlag = None,
    model: str | None = None,
    set_: Sets = (),
    isolated: Switch = False,
) -> int:
    """Print a profile's effective values and where each comes from.

    Example: mlxk config -p demo --origin

    Parameters
    ----------
    profile
        A profile's name or file.
    origin
        Say behind each value which file and line, variable, flag or model file it comes from.
    format_
        yaml, or json for programs.
    variant
        One of the profile's variants.
    model
        One of the models of a profile with several, by the name that clients use.
    set_
        Set one value over the profile, such as sampling.top_p=0.9. May be given again.
    isolated
        Use the profile alone: no mlxk.yaml, no user file.
    """
    resolved = look_at(profile, variant, set_, isolated, model=model)
    if format_ == "json":
        print(json.dumps(_as_json(resolved, origin), indent=2, ensure_ascii=False))
    else:
        print(as_yaml(resolved.tree, origins=origin))
    return 0


@config.command
def diff(first: str, second: str, *, isolated: Switch = False) -> int:
    """Print what differs between two profiles; exit status 1 if something does.

    Example: mlxk config diff chat-default long-context

    Parameters
    ----------
    first
        A profile's name or file.
    second
        Another one.
    isolated
        Use the profiles alone: no mlxk.yaml, no user file.
    """
    left, right = (look_at(name, None, (), isolated) for name in (first, second))
    found = differences(left, right)
    for item in found:
        print(item.key)
        for sign, value, resolved in (("-", item.before, left), ("+", item.after, right)):
            print(f"  {sign} {value}  # {resolved.origin(item.path)}")
    return 1 if found else 0


def _as_json(resolved: Resolved, origin: bool) -> Mapping[str, object]:
    values = plain(resolved.tree, shown=True)
    if not origin:
        return {"values": values}
    return {"values": values, "origins": {path: str(place) for path, place in resolved.origins.items()}}


def look_at(
    name: str, variant: str | None, sets: tuple[str, ...], isolated: bool, *, model: str | None = None
) -> Resolved:
    """A profile for a command that starts nothing; its warnings and its files go to stderr."""
    resolved = resolve(
        name,
        variant=variant,
        sets=sets,
        isolated=isolated,
        looks=True,
        generation_config=_generation_config,
    )
    if model is not None:
        resolved = replace(_served(resolved, model, isolated), warnings=resolved.warnings)
    for warning in resolved.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"files: {', '.join(resolved.files)}", file=sys.stderr)
    return resolved


def _served(resolved: Resolved, model: str, isolated: bool) -> Resolved:
    """One of the models that the profile serves."""
    served = resolve_models(resolved, isolated=isolated, looks=True, generation_config=_generation_config)
    if model not in served:
        raise ProfileNotFound(
            f"the profile {resolved.name} has no model `{model}`", hint=suggestion(model, served)
        )
    return served[model]


def _generation_config(section: ModelSection) -> Mapping[str, Any]:
    """The model's own defaults, where the model is on this machine."""
    from mlxk.hub import references

    reference = section.path or section.repo or ""
    try:
        folder = references.locate(reference, revision=section.revision)
        return _read_json(folder / "generation_config.json")
    except ModelError:
        note = f"{reference} is not on this machine, so its own generation_config.json is not counted"
        print(f"note: {note}", file=sys.stderr)
        return {}


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read {path.name} of the model: {error}") from error
    return data if isinstance(data, dict) else {}
