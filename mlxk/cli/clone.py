"""`mlxk clone`: a model as a folder of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.cli.notes import note
from mlxk.cli.waiting import copying
from mlxk.hub import facts, references, workspace


def clone(
    model: ModelName,
    folder: Path | None = None,
    *,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Copy a model from the cache into a folder that you can edit.

    In a profile the copy is `model: ./folder`; its template and configuration are yours to change.

    Example: mlxk clone mlx-community/Qwen3-4B-Instruct-2507-4bit models/qwen

    Parameters
    ----------
    model
        A model on this machine: org/name, org/name@revision, a short name, builtin:demo.
    folder
        Where to. Default: the model's name, in this folder.
    json_
        For programs.
    """
    source = references.locate(model)
    name = references.split(references.canonical(model))[0].removeprefix(references.BUILTIN_PREFIX)
    target = folder or Path(Path(name).name)
    facts.read(source, model)
    with copying(f"copying {name}", workspace.size_of(source)) as progress:
        workspace.clone(source, target, progress)
    if json_:
        print(json.dumps({"model": model, "path": str(target)}, indent=2, ensure_ascii=False))
        return 0
    print(target)
    shown = target if target.is_absolute() else f"./{target}"
    note(f"in a profile beside it: `model: {shown}`; or mlxk run {shown}")
    return 0
