"""What the files say that a profile's `model` names."""

from __future__ import annotations

from pathlib import Path

from mlxk.config.schema import DraftSection, ModelSection
from mlxk.errors import UsageError
from mlxk.hub import adapter, facts, references
from mlxk.hub.facts import ModelFacts
from mlxk.hub.files import LOADED_OF_TOKENIZER
from mlxk.hub.parts import Parts


def model_facts(section: ModelSection) -> ModelFacts:
    reference = section.path or section.repo
    if reference is None:
        raise UsageError("the profile names no model", hint="add `model: org/name`")
    folder = references.locate(reference, revision=section.revision)
    return facts.read(folder, reference, tokenizer=tokenizer_folder(section))


def tokenizer_folder(section: ModelSection) -> Path | None:
    """Of a repository whose tokenizer is taken, the weights need not be here."""
    if section.tokenizer is None:
        return None
    return references.locate(section.tokenizer, needed=LOADED_OF_TOKENIZER)


def draft_facts(section: DraftSection) -> ModelFacts:
    reference = section.path or section.repo or ""
    return facts.read(references.locate(reference, revision=section.revision), reference)


def model_parts(section: ModelSection) -> Parts:
    return Parts(
        adapter=None if section.adapter is None else adapter.read(Path(section.adapter)),
        draft=None if section.draft is None else draft_facts(section.draft),
    )
