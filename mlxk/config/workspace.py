"""One run's surroundings: the files that it reads, each checked and turned into a layer.

Problems are collected over all files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from mlxk.config import consent, discovery, lint, paths
from mlxk.config.consent import Request
from mlxk.config.diagnostics import Diagnostic, InvalidProfile
from mlxk.config.discovery import Found
from mlxk.config.files import RepositoryFile, UserFile
from mlxk.config.fitting import fit_text
from mlxk.config.interpolation import Interpolator
from mlxk.config.merged import without
from mlxk.config.risks import Ask, asked
from mlxk.config.short_forms import expand
from mlxk.config.validation import check
from mlxk.config.values import Items, Table, lookup, plain
from mlxk.config.version import newer_language, version_problem
from mlxk.config.yaml.document import Document, read

_NO_SETTINGS = ("mlxk", "requires", "extends", "include")


@dataclass(frozen=True, slots=True)
class Layer:
    """One file's settings. `table` is checked, filled in, and has absolute paths."""

    path: Path
    label: str
    table: Table

    @property
    def settings(self) -> Table:
        """The table without the keys that say how files relate."""
        return without(self.table, *_NO_SETTINGS)


@dataclass(frozen=True, slots=True)
class Workspace:
    """One run's surroundings, and what was found in them.

    One that only `looks` starts nothing, so what files ask for is a warning. `requests` are those that ask.
    """

    cwd: Path
    environ: Mapping[str, str]
    isolated: bool = False
    looks: bool = False
    problems: list[Diagnostic] = field(default_factory=list)
    interpolated: set[str] = field(default_factory=set)
    requests: dict[Path, Request] = field(default_factory=dict)
    read: set[Path] = field(default_factory=set)

    @property
    def errors(self) -> list[Diagnostic]:
        return [item for item in self.problems if item.severity == "error"]

    @classmethod
    def at(
        cls,
        cwd: Path | None,
        environ: Mapping[str, str] | None,
        *,
        isolated: bool = False,
        looks: bool = False,
    ) -> Workspace:
        """Around `cwd`; this process's folder and environment, where none are given."""
        folder = Path(os.path.abspath(cwd or Path.cwd()))
        return cls(folder, os.environ if environ is None else environ, isolated, looks)

    def label(self, path: Path) -> str:
        return discovery.label(path, self.cwd)

    def absolute(self, path: str | Path, folder: Path | None = None) -> Path:
        return discovery.absolute(path, folder or self.cwd, self.environ)

    def load(self, path: Path, model: type[BaseModel], *, personal: bool = False) -> Layer | None:
        """One file as a layer; `None` if it cannot be used at all. `personal` files may read anything."""
        document = read(path, self.label(path))
        if not self._is_usable(document):
            return None
        folder = path.parent
        root = discovery.repository_of(folder)
        own = personal or path.is_relative_to(discovery.shipped_folder())
        interpolator = Interpolator(
            self.environ,
            folder,
            None if own else root or folder,
            lambda: consent.is_trusted(path, document.digest, self.environ),
            self.looks,
        )
        table = fit_text(expand(interpolator.table(document.root)), model)
        whole = self.with_absolute_paths(table, folder)
        self.interpolated.update(interpolator.names)
        self.read.update((path, *interpolator.read))
        self.problems.extend(interpolator.problems)
        if not own:
            self._ask(path, document, interpolator.left, list(asked(whole, root)))
        unfilled = {item.path for item in interpolator.problems} | {ask.path for ask in interpolator.left}
        self.problems.extend(item for item in check(table, model) if item.path not in unfilled)
        self.problems.extend(lint.problems(table))
        return Layer(path, document.source.label, whole)

    def _is_usable(self, document: Document) -> bool:
        """Whether anything can be said of what stands in a file; what is wrong with it as a file is told."""
        newer = newer_language(document)
        if newer is not None:
            self.problems.append(newer)
            return False
        self.problems.extend(document.problems)
        readable = not any(item.code < "E007" for item in document.problems) and document.root.entries
        if not readable and document.problems:
            return False
        wrong_version = version_problem(document)
        if wrong_version is not None:
            self.problems.append(wrong_version)
        return wrong_version is None

    def _ask(self, path: Path, document: Document, left: Sequence[Ask], asks: Sequence[Ask]) -> None:
        """Remember what a file asks for; `left` are values that cannot be read without consent."""
        if not left and not asks:
            return
        label, digest = document.source.label, document.digest
        request = consent.request(path, label, digest, (*left, *asks), self.environ)
        self.requests[path] = request
        if not request.trusted and not self.looks:
            self.problems.extend(consent.refusal(ask, request, looks=False) for ask in left)

    def refusals(self) -> list[Diagnostic]:
        """What files ask for that nobody trusts, warnings where they are only looked at.

        Told when nothing else is wrong: whoever mends a file has to look at it again anyway.
        """
        waiting = [request for request in self.requests.values() if not request.trusted]
        return [
            consent.refusal(ask, request, looks=self.looks) for request in waiting for ask in request.asks
        ]

    def settle_trust(self) -> None:
        """Raises `InvalidProfile` if there are refusals; where files are only looked at, adds them."""
        refused = self.refusals()
        if refused and not self.looks:
            raise InvalidProfile(refused)
        self.problems.extend(refused)

    def with_absolute_paths(self, table: Table, folder: Path | None = None) -> Table:
        """The table with the paths in it taken from the folder that declares them."""
        return paths.with_absolute_paths(table, lambda text: str(self.absolute(text, folder)))

    def repository_layers(self) -> list[Layer]:
        """`mlxk.yaml`, then `mlxk.local.yaml`; none when isolated."""
        if self.isolated:
            return []
        files = discovery.repository_files(self.cwd, self.environ)
        layers = [self.load(path, RepositoryFile) for path in files]
        return [layer for layer in layers if layer is not None]

    def user_layer(self) -> Layer | None:
        folder = discovery.user_folder(self.environ)
        if self.isolated or folder is None or not os.path.lexists(folder / "config.yaml"):
            return None
        return self.load(folder / "config.yaml", UserFile, personal=True)

    def catalogue(self, repository: Sequence[Layer]) -> list[Found]:
        """Every profile that a name can mean."""
        return discovery.catalogue(self.profile_folders(repository), self.environ, isolated=self.isolated)

    def profile_folders(self, repository: Sequence[Layer]) -> list[Path]:
        """The folders with the project's profiles: those that it lists, or `profiles/`."""
        listed = [
            self.absolute(str(name), layer.path.parent)
            for layer in repository
            for name in strings(layer.table, "profiles")
        ]
        root = repository[0].path.parent if repository else self.cwd
        return listed or [root / "profiles"]


def strings(table: Table, key: str) -> list[str]:
    """The texts in the list under one key."""
    node = lookup(table, (key,))
    listed = plain(node) if isinstance(node, Items) else []
    return [item for item in listed if isinstance(item, str) and item] if isinstance(listed, list) else []
