"""`model`: which model it is, and the files that go with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from mlxk.config.paths import is_template_file
from mlxk.config.rules.problem import Problem, Rule, exclusive
from mlxk.config.schema import Profile
from mlxk.config.schema.model import REFERENCE


def _model(profile: Profile) -> Iterator[Problem]:
    model = profile.model
    if model.repo is not None and model.path is not None:
        yield exclusive(("model", "path"), ("model", "repo"))
    elif profile.models and (model.repo is not None or model.path is not None):
        yield exclusive(("models",), ("model",))
    elif model.repo is None and model.path is None and not profile.models:
        yield Problem("E106", "no model: neither `model.repo` nor `model.path` is set", ("model",))
    if model.revision is not None and (model.path is not None or (model.repo or "").startswith("builtin:")):
        message = "`model.revision` is for repositories on the Hub, not for folders or built-in models"
        yield Problem("E107", message, ("model", "revision"), "remove it")
    if model.repo is not None and not _is_reference(model.repo):
        message = "not a model reference: expected org/name, builtin:NAME, or a path that begins with ./ or /"
        yield Problem("E109", message, ("model", "repo"))


def _files(profile: Profile) -> Iterator[Problem]:
    template, adapter = profile.model.chat_template, profile.model.adapter
    if template is not None and is_template_file(template) and not os.path.isfile(template):
        yield Problem("E110", "there is no such chat template file", ("model", "chat_template"))
    if adapter is not None and not os.path.isdir(adapter):
        yield Problem("E110", "there is no such adapter folder", ("model", "adapter"))


def _draft(profile: Profile) -> Iterator[Problem]:
    draft = profile.model.draft
    if draft is None:
        return
    if draft.repo is not None and draft.path is not None:
        yield exclusive(("model", "draft", "path"), ("model", "draft", "repo"))
    elif draft.repo is None and draft.path is None:
        message = "no draft model: neither `model.draft.repo` nor `model.draft.path` is set"
        yield Problem("E106", message, ("model", "draft"))
    if draft.revision is not None and draft.path is not None:
        message = "`model.draft.revision` is for repositories on the Hub, not for folders"
        yield Problem("E107", message, ("model", "draft", "revision"), "remove it")
    if draft.repo is not None and not _is_reference(draft.repo):
        message = "not a model reference: expected org/name, builtin:NAME, or `path` for a folder"
        yield Problem("E109", message, ("model", "draft", "repo"))


def _is_reference(repo: str) -> bool:
    return re.fullmatch(REFERENCE, repo) is not None


RULES: tuple[Rule, ...] = (_model, _files, _draft)
