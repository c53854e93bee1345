"""Files looked at without running them: what is wrong with them, what they ask for, what `migrate` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from mlxk.config import discovery, merged
from mlxk.config.consent import Request
from mlxk.config.diagnostics import Diagnostic, InvalidProfile, ordered
from mlxk.config.discovery import Found
from mlxk.config.files import ProfileFile, RepositoryFile, UserFile
from mlxk.config.gathering import gather
from mlxk.config.interpolation import UNSET
from mlxk.config.models import Entries
from mlxk.config.resolution import find
from mlxk.config.values import Table
from mlxk.config.workspace import Layer, Workspace

if TYPE_CHECKING:
    from mlxk.config.migration import Migration


def requests(
    names: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Request]:
    """The files that ask for the user's consent, of these profiles and files and all that they build on.

    Raises `InvalidProfile` for files that cannot be read, and `ProfileNotFound`.
    """
    workspace = Workspace.at(cwd, environ, looks=True)
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


def migrate_files(
    paths: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Migration]:
    """What becomes of each file; nothing is written."""
    # Imported here: only `mlxk migrate` needs it, and every command imports this module.
    from mlxk.config.migration import migrate

    workspace = Workspace.at(cwd, environ, looks=True)
    absolute = [workspace.absolute(path) for path in paths]
    return [migrate(path, workspace.label(path), _file_model(workspace, path)) for path in absolute]


def _file_model(workspace: Workspace, path: Path) -> type[BaseModel]:
    """What kind of file this is, by its place."""
    if path.name in discovery.REPOSITORY_FILES:
        return RepositoryFile
    user = discovery.user_folder(workspace.environ)
    return UserFile if user is not None and path == user / "config.yaml" else ProfileFile


def validate_files(
    paths: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Diagnostic]:
    """All that is wrong with all these files, and with the files that they extend and include."""
    workspace = Workspace.at(cwd, environ, looks=True)
    quiet = Workspace.at(cwd, environ, looks=True)
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
