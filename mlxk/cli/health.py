"""`mlxk health`: is what is on disk whole?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.names import ModelName, ProfileFlag
from mlxk.cli.waiting import copying
from mlxk.config.schema import ModelSection, Profile
from mlxk.engine.architectures import model_types
from mlxk.errors import MlxkError, UsageError
from mlxk.hub import facts, references
from mlxk.hub import health as checks
from mlxk.hub.cache import CachedModel, cached_at, cached_models
from mlxk.hub.health import Finding, Snapshot


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    folder: Path
    snapshot: Snapshot | None


def health(
    *models: ModelName,
    profile: ProfileFlag = None,
    deep: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Check models on this machine: missing and cut-off files, damaged headers, tokenizers.

    Ends with status 1 if one is not whole, or if one that was named cannot be loaded.

    Examples:
        mlxk health
        mlxk health -p gptoss-server --deep

    Parameters
    ----------
    models
        References or folders. Without any: all in the hub's cache.
    profile
        The model of this profile, and whether it has every token that the profile names.
    deep
        Read every byte, and hold it against the hub's hash.
    json_
        For programs.
    """
    named = bool(models) or profile is not None
    found = {subject.name: _check(subject, named, deep) for subject in _subjects(models, profile)}
    if profile is not None:
        name, unfit = _against_profile(profile)
        found[name] = [*found[name], *unfit]
    if json_:
        data = [
            {"model": name, "health": checks.verdict(items), "findings": [asdict(item) for item in items]}
            for name, items in found.items()
        ]
        print(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        _print(found)
    fine = ("healthy",) if named else ("healthy", "unsupported")
    return 0 if all(checks.verdict(items) in fine for items in found.values()) else 1


def _subjects(models: tuple[str, ...], profile: str | None) -> Iterator[_Subject]:
    names = [*models, *([_model_of(profile)] if profile is not None else [])]
    if not names:
        yield from (_cached(model.reference, model) for model in cached_models())
        return
    for name in names:
        yield _subject(name)


def _subject(name: str) -> _Subject:
    """A model by reference. One that is only partly here has a folder as well."""
    if references.is_name(name) and not name.startswith(references.BUILTIN_PREFIX):
        repo, revision = references.split(references.canonical(name))
        models = [model for model in cached_models() if model.repo == repo]
        for model in models:
            if (revision or "main") in model.refs or model.commit == revision or len(models) == 1:
                return _cached(name, model)
    folder = references.locate(name)
    at = cached_at(folder)
    return _Subject(name, folder, None if at is None else at.snapshot)


def _cached(name: str, model: CachedModel) -> _Subject:
    return _Subject(name, model.path, model.snapshot)


def _check(subject: _Subject, named: bool, deep: bool) -> list[Finding]:
    """All findings. Reading the tokenizer takes half a second for a large one: not done for a whole cache."""
    size = checks.hashed_bytes(subject.folder) if deep else 0
    with copying(subject.name, size) if deep else nullcontext(lambda count: None) as progress:
        findings = checks.check(
            subject.folder,
            subject.name,
            snapshot=subject.snapshot,
            model_types=model_types(),
            deep=deep,
            progress=progress,
        )
    if not findings and (named or deep):
        return _text(subject.folder)
    return findings


def _text(folder: Path) -> list[Finding]:
    """The text side, as a profile without any setting would have it."""
    from mlxk.text import TextModel

    try:
        TextModel.load(facts.read(folder), Profile(model=ModelSection(path=str(folder))))
    except MlxkError as error:
        return [Finding("corrupt", error.message, error.hint)]
    return []


def _model_of(profile: str) -> str:
    from mlxk.cli.loading import resolve_profile
    from mlxk.cli.options import GenerationOptions, ProfileOptions

    section = resolve_profile(ProfileOptions(profile=profile), GenerationOptions()).profile.model
    if section.path is not None:
        return section.path
    if section.repo is None:
        raise UsageError(f"the profile {profile} names no single model", hint="name a model instead")
    return f"{section.repo}@{section.revision}" if section.revision else section.repo


def _against_profile(profile: str) -> tuple[str, list[Finding]]:
    """What the profile names and the model lacks: templates, tokens, presets."""
    from mlxk.cli.loading import make_plan, resolve_profile
    from mlxk.cli.options import GenerationOptions, ProfileOptions
    from mlxk.text import TextModel

    name = _model_of(profile)
    try:
        plan = make_plan(resolve_profile(ProfileOptions(profile=profile), GenerationOptions()), "run")
        TextModel.load(plan.facts, plan.profile)
    except MlxkError as error:
        return name, [Finding("unsupported", f"profile {profile}: {error.message}", error.hint)]
    return name, []


def _print(found: dict[str, list[Finding]]) -> None:
    if not found:
        print("there are no models in the cache", file=sys.stderr)
    width = max(map(len, found), default=0)
    for name, items in found.items():
        print(f"{name:<{width}}  {checks.verdict(items)}")
        for item in items:
            print(f"  {item.message}{f' ({item.hint})' if item.hint else ''}")
