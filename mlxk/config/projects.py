"""What a project has: its own files, the folder of its profiles, and every profile that a name can mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlxk.config import discovery
from mlxk.config.discovery import Where
from mlxk.config.values import Scalar, lookup
from mlxk.config.workspace import Workspace
from mlxk.config.yaml.document import read


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
    workspace = Workspace.at(cwd, environ, isolated=isolated, looks=True)
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
    workspace = Workspace.at(cwd, environ, looks=True)
    repository = workspace.repository_layers()
    root = repository[0].path.parent if repository else workspace.cwd
    return Project(root, workspace.profile_folders(repository)[0])


def project_files(cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> list[Path]:
    """`mlxk.yaml` and `mlxk.local.yaml` of the project around `cwd`, and its profiles."""
    workspace = Workspace.at(cwd, environ, looks=True)
    repository = workspace.repository_layers()
    own = discovery.repository_files(workspace.cwd, workspace.environ)
    return [*own, *(item.path for item in workspace.catalogue(repository) if item.where == "project")]


def _description(path: Path) -> str:
    node = lookup(read(path, str(path)).root, ("description",))
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""
