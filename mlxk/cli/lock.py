"""`mlxk lock` writes which model files a project's profiles mean; `--locked` holds a run against it."""

from __future__ import annotations

import os
from pathlib import Path

from mlxk.config import Resolved, catalogue, project
from mlxk.config.models import resolve_models
from mlxk.config.paths import is_path, is_template_file
from mlxk.config.schema import DraftSection, ModelSection
from mlxk.errors import ModelError, UsageError
from mlxk.hub import adapter as adapters
from mlxk.hub import lock as locks
from mlxk.hub import references
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
    from mlxk.cli.loading import draft_facts, model_facts

    pins = {_name(model, folder): locks.pin(model_facts(model))}
    if model.draft is not None:
        pins[_name(model.draft, folder)] = locks.pin(draft_facts(model.draft))
    return Lock(pins, _files(model, folder))


def _name(section: ModelSection | DraftSection, folder: Path) -> str:
    name = section.repo or os.path.relpath(section.path or "", folder)
    return f"{name}@{section.revision}" if section.revision else name


def _files(model: ModelSection, folder: Path) -> dict[str, str]:
    """The files that a profile names besides its models, and their digests."""
    found = {}
    template, adapter, tokenizer = model.chat_template, model.adapter, model.tokenizer
    if template is not None and is_template_file(template):
        found[os.path.relpath(template, folder)] = locks.digest(Path(template).read_bytes())
    if adapter is not None:
        found |= locks.digests(Path(adapter), os.path.relpath(adapter, folder), adapters.FILES)
    if tokenizer is not None:
        named = os.path.relpath(tokenizer, folder) if is_path("tokenizer", tokenizer) else tokenizer
        found |= locks.digests(references.locate(tokenizer), named, locks.OF_TOKENIZERS)
    return found
