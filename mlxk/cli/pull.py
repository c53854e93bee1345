"""`mlxk pull`: look before you fetch, then fetch."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.engine.architectures import model_types
from mlxk.errors import HubUnreachable, Interrupted, ModelUnavailable, UsageError
from mlxk.hub import preflight, references
from mlxk.hub.preflight import Preflight
from mlxk.hub.pull import pull as fetch
from mlxk.hub.sizes import show
from mlxk.memory.room import Room, room_to_fetch


def pull(
    model: str,
    *,
    revision: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    force: Annotated[bool, Parameter(name=["--force", "-f"], negative="")] = False,
    offline: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Download a model from the Hugging Face Hub.

    Before the first byte it is known whether the model exists, whether you may have it, whether mlx-lm can
    load it, and whether disk and memory have room. What is here already is not fetched again, so after a cut
    the same command fetches the rest. Prints the model's folder.

    Examples:
        mlxk pull mlx-community/Qwen3-4B-Instruct-2507-4bit
        mlxk pull mlx-community/gpt-oss-20b-MXFP4-Q8@main --dry-run

    Parameters
    ----------
    model
        org/name, or org/name@revision.
    revision
        A branch, a tag or a commit. Default: main.
    dry_run
        Tell what would be fetched, and fetch nothing.
    force
        Fetch a model that mlx-lm cannot load, or that this machine has too little memory for.
    offline
        Ask nobody: print the folder if the model is here, or fail. HF_HUB_OFFLINE=1 does the same.
    json_
        For programs.
    """
    name, own = references.split(_repository(model))
    if own and revision and own != revision:
        raise UsageError(f"two revisions: {own} and --revision {revision}", hint="name one")
    revision = revision or own
    if offline or preflight.offline():
        return _say(_here(name, revision), json_)
    with waiting(f"asking the hub about {name}"):
        found = preflight.check(name, revision, model_types=model_types())
        room = room_to_fetch(found, force=force)
    if dry_run:
        _report(found, room, json_)
        return 0
    if found.download_bytes:
        note(f"{found.reference}: {show(found.download_bytes)} of {show(found.total_bytes)} to fetch")
    try:
        folder = fetch(found)
    except KeyboardInterrupt:
        note("\nstopped; the same command fetches the rest")
        return Interrupted.exit_status
    return _say({"model": found.reference, "commit": found.commit, "path": str(folder)}, json_)


def _repository(model: str) -> str:
    if model.startswith(references.BUILTIN_PREFIX) or not references.is_name(model):
        raise UsageError(f"`{model}` is no repository on the hub", hint="name one: org/name")
    return references.canonical(model)


def _here(name: str, revision: str | None) -> dict[str, Any]:
    reference = f"{name}@{revision}" if revision else name
    try:
        folder = references.locate(reference)
    except ModelUnavailable as error:
        raise HubUnreachable(error.message, hint="--offline and HF_HUB_OFFLINE forbid fetching it") from error
    return {"model": reference, "commit": folder.name, "path": str(folder)}


def _report(found: Preflight, room: Room | None, json_: bool) -> None:
    if json_:
        data = {
            "model": found.reference,
            "commit": found.commit,
            "files": [asdict(file) for file in found.files],
            "total_bytes": found.total_bytes,
            "download_bytes": found.download_bytes,
            "memory_bytes": None if room is None else room.needed,
            "fits_memory": None if room is None else room.fits,
        }
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    print(f"{found.reference} ({found.commit[:12]})")
    for file in found.files:
        print(f"  {show(file.size):>9}  {file.path}{'  (here)' if file.cached else ''}")
    print(f"to fetch: {show(found.download_bytes)} of {show(found.total_bytes)}")
    if room is not None:
        print(f"memory: {show(room.needed)} at least, of {show(room.limit)}")


def _say(data: dict[str, Any], json_: bool) -> int:
    print(json.dumps(data, indent=2, ensure_ascii=False) if json_ else data["path"])
    return 0
