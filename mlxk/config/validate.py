"""Checking files without running them, and listing profiles."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlxk.config import discovery
from mlxk.config.defaults import defaults_layer
from mlxk.config.diagnostics import Diagnostic, ordered
from mlxk.config.discovery import Found, Where
from mlxk.config.document import read
from mlxk.config.files import RepositoryFile, UserFile
from mlxk.config.gathering import Layer, Workspace, gather
from mlxk.config.layers import Scalar, Table, lookup, merge_table, merge_tables, plain, settle
from mlxk.config.resolution import cross_checks
from mlxk.config.schema import Profile
from mlxk.config.validation import check


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


def _description(path: Path) -> str:
    node = lookup(read(path, str(path)).root, ("description",))
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""


def _workspace(cwd: Path | None, environ: Mapping[str, str] | None, isolated: bool) -> Workspace:
    folder = Path(os.path.abspath(cwd or Path.cwd()))
    return Workspace(folder, os.environ if environ is None else environ, isolated)


def validate_files(
    paths: Iterable[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> list[Diagnostic]:
    """All that is wrong with all these files, and with the files that they extend and include."""
    workspace = _workspace(cwd, environ, isolated=False)
    quiet = _workspace(cwd, environ, isolated=False)
    repository = quiet.repository_layers()
    names = workspace.catalogue(repository)
    for path in paths:
        _validate(workspace, workspace.absolute(path), names)
    return ordered(workspace.problems)


def _validate(workspace: Workspace, path: Path, names: Sequence[Found]) -> None:
    user = discovery.user_folder(workspace.environ)
    if path.name in discovery.REPOSITORY_FILES:
        workspace.load(path, RepositoryFile)
    elif user is not None and path == user / "config.yaml":
        workspace.load(path, UserFile, personal=True)
    else:
        before = len(workspace.problems)
        layers = gather(workspace, path, names)
        if all(item.severity == "warning" for item in workspace.problems[before:]):
            workspace.problems.extend(_merged_problems(layers))


def _merged_problems(layers: Sequence[Layer]) -> list[Diagnostic]:
    """Rules between keys, for the profile as it is and for each of its variants."""
    tables = [layer.settings for layer in layers]
    merged = settle(merge_tables(tables))
    variants = lookup(merged, ("variants",))
    found = _cross(merged, tables)
    if isinstance(variants, Table) and not found:
        for entry in variants.entries.values():
            if isinstance(entry.value, Table):
                changes = Table(
                    {key: item for key, item in entry.value.entries.items() if key != "description"},
                    entry.value.origin,
                )
                found += _cross(settle(merge_tables([merged, changes])), [*tables, changes])
    return found


def _cross(merged: Table, tables: Sequence[Table]) -> list[Diagnostic]:
    """A part of a profile needs no model: it can be extended or included."""
    settings = Table({key: item for key, item in merged.entries.items() if key != "variants"}, merged.origin)
    tree = merge_table(defaults_layer(), settings)
    found = check(tree, Profile, below=tables)
    if found:
        return found
    problems = cross_checks(Profile.model_validate(plain(tree)), tree, tables)
    return [item for item in problems if (item.code, item.path) != ("E106", ("model",))]
