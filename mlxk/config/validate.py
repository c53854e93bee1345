"""Checking files without running them, and listing profiles."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from mlxk.config import discovery, merged
from mlxk.config.diagnostics import Diagnostic, InvalidProfile, ordered
from mlxk.config.discovery import Found, Where
from mlxk.config.files import ProfileFile, RepositoryFile, UserFile
from mlxk.config.gathering import Layer, Workspace, gather
from mlxk.config.interpolation import UNSET
from mlxk.config.layers import Scalar, Table, lookup
from mlxk.config.models import Entries
from mlxk.config.resolution import find
from mlxk.config.trust import Request
from mlxk.config.yaml.document import read

if TYPE_CHECKING:
    from mlxk.config.migration import Migration


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """A profile that `-p` finds."""

    name: str
    path: Path
    where: Where
    description: str


def catalogue(
    cwd: Path | None = None, environ: Mapping[str, str] | None = None, isolated: bool = False
) -> list[CatalogueItem]:
    """Every profile that a name can mean: the project's, the user's, those that ship."""
    workspace = _workspace(cwd, environ, isolated)
    return [
        CatalogueItem(item.name, item.path, item.where, _description(item.path))
        for item in workspace.catalogue(workspace.repository_layers())
    ]


@dataclass(frozen=True, slots=True)
class Project:
    """Where a new profile belongs: the repository's root, and its folder of profiles."""

    root: Path
    profiles: Path


def project(cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Project:
    """The project around `cwd`; without an mlxk.yaml, the folder itself."""
    workspace = _workspace(cwd, environ, isolated=False)
    repository = workspace.repository_layers()
    root = repository[0].path.parent if repository else workspace.cwd
    return Project(root, workspace.profile_folders(repository)[0])


def requests(
    names: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Request]:
    """The files that ask for the user's consent, of these profiles and files and all that they build on.

    Raises `InvalidProfile` for files that cannot be read, and `ProfileNotFound`.
    """
    workspace = _workspace(cwd, environ, isolated=False)
    repository = workspace.repository_layers()
    listed = workspace.catalogue(repository)
    workspace.requests.clear()
    first = len(workspace.problems)
    for name in names:
        _validate(workspace, find(name, listed, workspace), listed)
    unread = [item for item in workspace.problems[first:] if item.code.startswith(("E0", "E101", "E3"))]
    if unread:
        raise InvalidProfile(unread)
    return list(workspace.requests.values())


def project_files(cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> list[Path]:
    """`mlxk.yaml` and `mlxk.local.yaml` of the project around `cwd`, and its profiles."""
    workspace = _workspace(cwd, environ, isolated=False)
    repository = workspace.repository_layers()
    own = discovery.repository_files(workspace.cwd, workspace.environ)
    return [*own, *(item.path for item in workspace.catalogue(repository) if item.where == "project")]


def migrate_files(
    paths: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Migration]:
    """What becomes of each file; nothing is written."""
    # Imported here: only `mlxk migrate` needs it, and every command imports this module.
    from mlxk.config.migration import migrate

    workspace = _workspace(cwd, environ, isolated=False)
    absolute = [workspace.absolute(path) for path in paths]
    return [migrate(path, workspace.label(path), _file_model(workspace, path)) for path in absolute]


def _file_model(workspace: Workspace, path: Path) -> type[BaseModel]:
    """What kind of file this is, by its place."""
    if path.name in discovery.REPOSITORY_FILES:
        return RepositoryFile
    user = discovery.user_folder(workspace.environ)
    return UserFile if user is not None and path == user / "config.yaml" else ProfileFile


def _description(path: Path) -> str:
    node = lookup(read(path, str(path)).root, ("description",))
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""


def _workspace(cwd: Path | None, environ: Mapping[str, str] | None, isolated: bool) -> Workspace:
    folder = Path(os.path.abspath(cwd or Path.cwd()))
    return Workspace(folder, os.environ if environ is None else environ, isolated, looks=True)


def validate_files(
    paths: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Diagnostic]:
    """All that is wrong with all these files, and with the files that they extend and include."""
    workspace = _workspace(cwd, environ, isolated=False)
    quiet = _workspace(cwd, environ, isolated=False)
    repository = quiet.repository_layers()
    names = workspace.catalogue(repository)
    for path in paths:
        first = len(workspace.problems)
        workspace.requests.clear()
        _validate(workspace, workspace.absolute(path), names)
        if not any(item.severity == "error" for item in workspace.problems[first:]):
            workspace.settle_trust()
    return ordered(workspace.problems)


def _validate(workspace: Workspace, path: Path, names: Sequence[Found]) -> None:
    model = _file_model(workspace, path)
    if model is not ProfileFile:
        workspace.load(path, model, personal=model is UserFile)
    else:
        first = len(workspace.problems)
        layers = gather(workspace, path, names)
        known = [
            item for item in workspace.problems[first:] if item.severity == "error" or item.code == UNSET
        ]
        found = _merged_problems([layer.settings for layer in layers], known)
        workspace.problems.extend(found)
        workspace.problems.extend(_entry_problems(workspace, layers, names, [*known, *found]))


def _entry_problems(
    workspace: Workspace, layers: Sequence[Layer], names: Sequence[Found], known: Sequence[Diagnostic]
) -> list[Diagnostic]:
    """What is wrong with each entry of `models`, with all that it builds on."""
    entries = Entries(workspace, [(layer.label, layer.settings) for layer in layers], (), names)
    errors = [item for item in known if item.severity == "error"]
    wrong = {item.path[1] for item in errors if item.path[:1] == ("models",) and len(item.path) > 1}
    found = []
    seen = len(workspace.errors)
    for _, entry, under in entries:
        if len(workspace.errors) > seen:
            # Something that it extends is wrong, or is not there: without it there is nothing to judge.
            seen = len(workspace.errors)
            wrong.add(entry)
        if entry not in wrong:
            own = merged.problems([table for _, table in under], known)
            found += [merged.placed(item, entries.layers, entry) for item in own]
    return found


def _merged_problems(tables: Sequence[Table], known: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Rules between keys, for the profile as it is, and then for each of its variants."""
    found = merged.without_missing_model(merged.problems(tables, known))
    if found or any(item.severity == "error" for item in known):
        return found
    for variant in merged.variants(tables).values():
        found += merged.without_missing_model(merged.problems([*tables, variant], known))
    return found
