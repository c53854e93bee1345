"""What a profile's models are on this machine, held against mlxk.lock."""

from __future__ import annotations

import os
from pathlib import Path

from mlxk.cli.facts import draft_facts, model_facts, tokenizer_folder
from mlxk.config import Resolved, project
from mlxk.config.models import resolve_models
from mlxk.config.paths import is_path, is_template_file
from mlxk.config.schema import DraftSection, ModelSection
from mlxk.errors import ModelError
from mlxk.hub import adapter as adapters
from mlxk.hub import lock as locks
from mlxk.hub.lock import Lock


def lock_file() -> Path:
    """The lock of the project around the working folder."""
    return project().root / locks.FILE_NAME


def check_locked(resolved: Resolved, *, isolated: bool) -> None:
    """Raises `ModelError` that names what differs from the lock."""
    file = lock_file()
    pinned = locks.read(file)
    if pinned is None:
        raise ModelError(f"there is no {os.path.relpath(file)}", hint=f"write it: mlxk lock {resolved.name}")
    drift = pinned.drift(actual_pins(resolved, file.parent, isolated=isolated))
    if drift:
        raise ModelError(
            f"not what {file.name} pins: {'; '.join(drift)}",
            hint="if that is meant, write the lock again: mlxk lock",
        )


def actual_pins(resolved: Resolved, folder: Path, *, isolated: bool = False) -> Lock:
    """All that a profile serves, as it is on this machine."""
    found = Lock()
    for item in resolve_models(resolved, isolated=isolated, looks=True).values():
        found = _model_pins(item.profile.model, folder).over(found)
    return found


def _model_pins(model: ModelSection, folder: Path) -> Lock:
    pins = {pin_name(model, folder): locks.pin(model_facts(model))}
    if model.draft is not None:
        pins[pin_name(model.draft, folder)] = locks.pin(draft_facts(model.draft))
    return Lock(pins, _files(model, folder))


def pin_name(section: ModelSection | DraftSection, folder: Path) -> str:
    """What a lock in `folder` calls this model."""
    name = section.repo or os.path.relpath(section.path or "", folder)
    return f"{name}@{section.revision}" if section.revision else name


def _files(model: ModelSection, folder: Path) -> dict[str, str]:
    """The files that a profile names besides its models, and their digests."""
    found = {}
    template, adapter, tokenizer = model.chat_template, model.adapter, tokenizer_folder(model)
    if template is not None and is_template_file(template):
        found[os.path.relpath(template, folder)] = locks.digest(Path(template).read_bytes())
    if adapter is not None:
        found |= locks.digests(Path(adapter), os.path.relpath(adapter, folder), adapters.FILES)
    if tokenizer is not None:
        name = model.tokenizer or ""
        named = os.path.relpath(name, folder) if is_path("tokenizer", name) else name
        found |= locks.digests(tokenizer, named, locks.OF_TOKENIZERS)
    return found
