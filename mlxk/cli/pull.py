"""`mlxk pull`: look before you fetch, then fetch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.names import ModelName, ProfileFlag
from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.cli.wanted import Wanted, of_profile
from mlxk.engine.architectures import model_types
from mlxk.errors import HubUnreachable, Interrupted, ModelUnavailable, UsageError
from mlxk.hub import preflight, references
from mlxk.hub.offline import is_offline
from mlxk.hub.preflight import Preflight
from mlxk.hub.pull import pull as fetch
from mlxk.hub.sizes import show
from mlxk.memory.room import Room, room_to_fetch


def pull(
    model: ModelName | None = None,
    *,
    profile: ProfileFlag = None,
    revision: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    force: Annotated[bool, Parameter(name=["--force", "-f"], negative="")] = False,
    offline: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Download a model from the Hugging Face Hub, or all that a profile names.

    Before the first byte it is known whether the model exists, whether you may have it, whether mlx-lm can
    load it, and whether disk and memory have room. What is here already is not fetched again, so after a cut
    the same command fetches the rest. Prints the model's folder.

    Examples:
        mlxk pull mlx-community/Qwen3-4B-Instruct-2507-4bit
        mlxk pull -p gptoss-server
        mlxk pull mlx-community/gpt-oss-20b-MXFP4-Q8@main --dry-run

    Parameters
    ----------
    model
        org/name, or org/name@revision.
    profile
        A profile's name or its file: its models, drafts and tokenizers, in the revisions of mlxk.lock if that
        has them.
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
    wanted = _wanted(model, profile, revision)
    if offline or is_offline():
        looks: list[_Here | _OnHub] = [_here_only(item) for item in wanted]
    else:
        looks = [_look(item, force=force) for item in wanted]
        preflight.require_disk([look.found for look in looks if isinstance(look, _OnHub)])
    if not wanted:
        note(f"{profile} names nothing of the hub")
    try:
        told = [look.plan() if dry_run else look.fetched().data for look in looks]
    except KeyboardInterrupt:
        note("\nstopped; the same command fetches the rest")
        return Interrupted.exit_status
    if json_:
        print(json.dumps(told[0] if profile is None else told, indent=2, ensure_ascii=False))
    else:
        for look, data in zip(looks, told, strict=True):
            print(look.described() if dry_run else data["path"])
    return 0


@dataclass(frozen=True, slots=True)
class _Here:
    """A model in its folder."""

    reference: str
    folder: Path

    @property
    def data(self) -> dict[str, Any]:
        return {"model": self.reference, "commit": self.folder.name, "path": str(self.folder)}

    def fetched(self) -> _Here:
        return self

    def plan(self) -> dict[str, Any]:
        return self.data

    def described(self) -> str:
        return f"{self.reference} is here: {self.folder}"


@dataclass(frozen=True, slots=True)
class _OnHub:
    """What the hub says of a model, and the memory that it takes, if that can be known."""

    found: Preflight
    room: Room | None

    def fetched(self) -> _Here:
        found = self.found
        if found.download_bytes:
            note(f"{found.reference}: {show(found.download_bytes)} of {show(found.total_bytes)} to fetch")
        return _Here(found.reference, fetch(found))

    def plan(self) -> dict[str, Any]:
        found, room = self.found, self.room
        return {
            "model": found.reference,
            "commit": found.commit,
            "files": [asdict(file) for file in found.files],
            "total_bytes": found.total_bytes,
            "download_bytes": found.download_bytes,
            "memory_bytes": None if room is None else room.needed,
            "fits_memory": None if room is None else room.fits,
        }

    def described(self) -> str:
        found, room = self.found, self.room
        lines = [f"{found.reference} ({found.commit[:12]})"]
        lines += [f"  {show(file.size):>9}  {file.path}{'  (here)' * file.cached}" for file in found.files]
        lines.append(f"to fetch: {show(found.download_bytes)} of {show(found.total_bytes)}")
        if room is not None:
            lines.append(f"memory: {show(room.needed)} at least, of {show(room.limit)}")
        return "\n".join(lines)


def _wanted(model: str | None, profile: str | None, revision: str | None) -> list[Wanted]:
    if (model is None) == (profile is None):
        raise UsageError("name either a model or a profile", hint="mlxk pull org/name, or mlxk pull -p NAME")
    if model is None:
        if revision is not None:
            raise UsageError("--revision is for a model", hint="a profile says it: model: org/name@revision")
        return of_profile(str(profile))
    if model.startswith(references.BUILTIN_PREFIX) or not references.is_name(model):
        raise UsageError(f"`{model}` is no repository on the hub", hint="name one: org/name")
    name, own = references.split(references.canonical(model))
    if own and revision and own != revision:
        raise UsageError(f"two revisions: {own} and --revision {revision}", hint="name one")
    return [Wanted(name, revision or own)]


def _look(wanted: Wanted, *, force: bool) -> _Here | _OnHub:
    """Ask the hub. A model that is here is found although the hub does not answer."""
    with waiting(f"asking the hub about {wanted.repo}"):
        try:
            found = preflight.check(
                wanted.repo,
                wanted.revision,
                model_types=model_types(),
                commit=wanted.commit,
                patterns=wanted.patterns,
            )
            return _OnHub(found, room_to_fetch(found, force=force))
        except HubUnreachable as error:
            here = _on_disk(wanted)
            if here is None:
                raise
            note(f"warning: {error.message}; {wanted.reference} is here, and may be older than the hub's")
            return here


def _here_only(wanted: Wanted) -> _Here:
    here = _on_disk(wanted)
    if here is None:
        raise HubUnreachable(
            f"the model `{wanted.reference}` is not on this machine",
            hint="--offline and HF_HUB_OFFLINE forbid fetching it",
        )
    return here


def _on_disk(wanted: Wanted) -> _Here | None:
    try:
        folder = references.locate(
            wanted.repo, revision=wanted.commit or wanted.revision, needed=wanted.required
        )
    except ModelUnavailable:
        return None
    return _Here(wanted.reference, folder)
