"""`mlxk lock` writes which model files a project's profiles mean; `--locked` holds a run against it."""

from __future__ import annotations

import os

from mlxk.cli.names import ProfileName
from mlxk.cli.pins import actual_pins, lock_file
from mlxk.config import catalogue
from mlxk.errors import UsageError
from mlxk.hub import lock as locks
from mlxk.hub.lock import Lock


def lock(*profiles: ProfileName) -> int:
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
            pinned = actual_pins(resolve_profile(options, GenerationOptions(), looks=True), file.parent).over(
                pinned
            )
    try:
        locks.write(file, pinned)
    except OSError as error:
        raise UsageError(f"cannot write {file.name}: {error.strerror}") from error
    models = len(pinned.models)
    print(f"{os.path.relpath(file)}: {models} model{'s' * (models != 1)} pinned")
    return 0
