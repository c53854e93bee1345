"""The names that shells and chats complete: models and profiles on this machine, and variants.

They are asked for while somebody types, so they come from names of files and folders alone, and what is wrong
with one of those is no news for now.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlxk.config import catalogue, resolve
from mlxk.config.discovery import SUFFIXES
from mlxk.errors import MlxkError
from mlxk.hub import references

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext


def models() -> list[str]:
    """Those that ship, and those in the hub's cache."""
    builtin = [references.BUILTIN_PREFIX + name for name in references.builtin_models()]
    return [*builtin, *references.cached_repositories()]


def profiles(*, isolated: bool = False) -> list[str]:
    """Those that `-p` finds."""
    try:
        return sorted(item.name for item in catalogue(isolated=isolated))
    except MlxkError:
        return []  # mlxk.yaml is not valid, which `mlxk validate` tells.


def variants(profile: str, *, isolated: bool = False) -> list[str]:
    """Those of a profile."""
    try:
        return list(resolve(profile, isolated=isolated, looks=True).variants)
    except MlxkError:
        return []


def _model(context: CompletionContext) -> Iterable[str]:
    return _paths(context.incomplete) if _is_path(context.incomplete) else models()


def _first_model(context: CompletionContext) -> Iterable[str]:
    """For `run`, whose first word is a model only without a profile."""
    return () if context.index or context["--profile"].provided else _model(context)


def _profile(context: CompletionContext) -> Iterable[str]:
    return _paths(context.incomplete, SUFFIXES) if _is_path(context.incomplete) else profiles()


def _variant(context: CompletionContext) -> Iterable[str]:
    name = context["--profile"].raw
    return () if name is None else variants(name)


def _is_path(text: str) -> bool:
    return text.startswith((".", "~", os.sep))


def _paths(begun: str, suffixes: tuple[str, ...] = ()) -> Iterator[str]:
    """Folders, and files with these suffixes, where a path begins so. Hidden ones only by their dot."""
    folder, slash, name = begun.rpartition(os.sep)
    with suppress(OSError):
        for path in sorted(Path(f"{folder}{slash}" or ".").expanduser().iterdir()):
            if path.name.startswith(".") and not name.startswith("."):
                continue
            if path.is_dir():
                yield f"{folder}{slash}{path.name}{os.sep}"
            elif path.suffix in suffixes:
                yield f"{folder}{slash}{path.name}"


ModelName = Annotated[str, Parameter(completer=_model)]
FirstModel = Annotated[str, Parameter(completer=_first_model)]
ProfileName = Annotated[str, Parameter(completer=_profile)]
ProfileFlag = Annotated[str | None, Parameter(name=["--profile", "-p"], completer=_profile)]
RequiredProfileFlag = Annotated[str, Parameter(name=["--profile", "-p"], completer=_profile)]
VariantFlag = Annotated[str | None, Parameter(completer=_variant)]
