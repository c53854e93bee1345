"""`mlxk lock` writes which model files a project's profiles mean; `--locked` holds a run against it."""

from __future__ import annotations

import os
from pathlib import Path

from mlxk.config import Resolved, catalogue, project
from mlxk.config.checks import is_template_file
from mlxk.config.models import resolve_models
from mlxk.config.schema import ModelSection
from mlxk.errors import ModelError, UsageError
from mlxk.hub import lock as locks
from mlxk.hub.lock import Lock


def lock(*profiles: str) -> int:
    """Pin the models of profiles in mlxk.lock: commit, file hashes, chat template.

    It stands beside mlxk.yaml or, without one, in this folder. `--locked` of run, chat and up refuses a model
    that differs from it.

    Example: mlxk lock demo && mlxk run -p demo --locked "Why is the sky blue?"

    Parameters
    ----------
    profiles
        Names or files; what else is pinned stays. Without any: the project's, and nothing else stays.
    """
    from mlxk.cli.loading import resolve_profile
    from mlxk.cli.options import GenerationOptions, ProfileOptions

    names = profiles or tuple(item.name for item in catalogue() if item.where == "project")
    if not names:
        raise UsageError("this project has no profiles to lock", hint="name some: mlxk lock demo")
    file = lock_file()
    pinned = (locks.read(file) or Lock()) if profiles else Lock()
    for name in names:
        resolved = resolve_profile(ProfileOptions(profile=name), GenerationOptions(), looks=True)
        for variant in (None, *resolved.variants):
            options = ProfileOptions(profile=name, variant=variant)
            pinned = _actual(resolve_profile(options, GenerationOptions(), looks=True), file.parent).over(
                pinned
            )
    try:
        locks.write(file, pinned)
    except OSError as error:
        raise UsageError(f"cannot write {file.name}: {error.strerror}") from error
    models = len(pinned.models)
    print(f"{os.path.relpath(file)}: {models} model{'s' * (models != 1)} pinned")
    return 0


def lock_file() -> Path:
    """The lock of the project around the working folder."""
    return project().root / locks.FILE_NAME


def check_locked(resolved: Resolved, *, isolated: bool) -> None:
    """Raises `ModelError` that names what differs from the lock."""
    file = lock_file()
    pinned = locks.read(file)
    if pinned is None:
        raise ModelError(f"there is no {os.path.relpath(file)}", hint=f"write it: mlxk lock {resolved.name}")
    drift = pinned.drift(_actual(resolved, file.parent, isolated=isolated))
    if drift:
        raise ModelError(
            f"not what {file.name} pins: {'; '.join(drift)}",
            hint="if that is meant, write the lock again: mlxk lock",
        )


def _actual(resolved: Resolved, folder: Path, *, isolated: bool = False) -> Lock:
    """All that a profile serves, as it is on this machine."""
    found = Lock()
    for item in resolve_models(resolved, isolated=isolated, looks=True).values():
        found = _actual_model(item.profile.model, folder).over(found)
    return found


def _actual_model(model: ModelSection, folder: Path) -> Lock:
    from mlxk.cli.loading import model_facts

    name = model.repo or os.path.relpath(model.path or "", folder)
    name = f"{name}@{model.revision}" if model.revision else name
    template = model.chat_template
    templates = {}
    if template is not None and is_template_file(template):
        templates[os.path.relpath(template, folder)] = locks.digest(Path(template).read_bytes())
    return Lock({name: locks.pin(model_facts(model))}, templates)
