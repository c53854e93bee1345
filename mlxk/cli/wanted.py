"""What a profile has of the hub: its models, their drafts, and tokenizers of other models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlxk.cli.notes import note
from mlxk.cli.pins import lock_file, pin_name
from mlxk.config import Resolved, resolve
from mlxk.config.models import resolve_models
from mlxk.config.schema import DraftSection, ModelSection
from mlxk.hub import lock as locks
from mlxk.hub import references
from mlxk.hub.files import LOADED, LOADED_OF_TOKENIZER, NEEDED, NEEDED_OF_TOKENIZER
from mlxk.hub.lock import Lock


@dataclass(frozen=True, slots=True)
class Wanted:
    """A repository. `commit`: what its revision shall mean, as mlxk.lock pins it.

    `patterns` match the files that a download brings, `required` those that must be here.
    """

    repo: str
    revision: str | None = None
    commit: str | None = None
    patterns: tuple[str, ...] = NEEDED
    required: tuple[str, ...] = LOADED

    @property
    def reference(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


def of_profile(name: str) -> list[Wanted]:
    """All that a profile, with its models and variants, names of the hub; folders are not among them."""
    file = lock_file()
    lock = locks.read(file) or Lock()
    found: dict[tuple[str, str | None], Wanted] = {}
    for section in _sections(name):
        for each in _of_section(section, lock, file.parent):
            key = each.repo, each.revision
            # A model's own files have its tokenizer among them.
            if key not in found or each.patterns == NEEDED:
                found[key] = each
    return list(found.values())


def _sections(name: str) -> Iterator[ModelSection]:
    whole = _resolve(name)
    for warning in whole.warnings:
        note(f"warning: {warning}")
    for variant in (None, *whole.variants):
        for item in resolve_models(_resolve(name, variant), looks=True).values():
            yield item.profile.model


def _resolve(name: str, variant: str | None = None) -> Resolved:
    return resolve(name, variant=variant, looks=True)


def _of_section(section: ModelSection, lock: Lock, folder: Path) -> Iterator[Wanted]:
    models: tuple[ModelSection | DraftSection | None, ...] = (section, section.draft)
    for model in models:
        if model and model.repo and not model.repo.startswith(references.BUILTIN_PREFIX):
            yield Wanted(references.canonical(model.repo), model.revision, _pinned(model, lock, folder))
    if section.tokenizer is not None and references.is_name(section.tokenizer):
        repo, revision = references.split(references.canonical(section.tokenizer))
        yield Wanted(repo, revision, None, NEEDED_OF_TOKENIZER, LOADED_OF_TOKENIZER)


def _pinned(model: ModelSection | DraftSection, lock: Lock, folder: Path) -> str | None:
    pin = lock.models.get(pin_name(model, folder))
    return None if pin is None else pin.commit
