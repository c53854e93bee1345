"""The files behind a profile: what it extends and includes, each read, checked and turned into a layer.

Layers come out from low to high: what a file extends, left to right; what it includes; the file itself. A
file that is reached twice is one layer, at the first place. Problems are collected over all files.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from mlxk.config import bases, discovery, paths, trust
from mlxk.config.diagnostics import Diagnostic, InvalidProfile
from mlxk.config.discovery import Found
from mlxk.config.files import FIXED_LISTS, ProfileFile, RepositoryFile, UserFile
from mlxk.config.interpolation import Interpolator
from mlxk.config.layers import Entry, Items, Scalar, Table, Value, leaves, lookup, plain
from mlxk.config.merged import without
from mlxk.config.origins import KeyPath, Origin
from mlxk.config.risks import Ask, asked
from mlxk.config.schema import model_table
from mlxk.config.trust import Request
from mlxk.config.validation import check, fit_text, with_note
from mlxk.config.version import newer_language, version_problem
from mlxk.config.yaml.document import Document, read

MAX_CHAIN = 32

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

    def label(self, path: Path) -> str:
        return discovery.label(path, self.cwd)

    def absolute(self, path: str | Path, folder: Path | None = None) -> Path:
        return discovery.absolute(path, folder or self.cwd, self.environ)

    def load(self, path: Path, model: type[BaseModel], *, personal: bool = False) -> Layer | None:
        """One file as a layer; `None` if it cannot be used at all. `personal` files may read anything."""
        document = read(path, self.label(path))
        newer = newer_language(document)
        if newer is not None:
            self.problems.append(newer)
            return None
        if document.problems:
            self.problems.extend(document.problems)
        readable = not any(item.code < "E007" for item in document.problems) and document.root.entries
        if not readable and document.problems:
            return None
        wrong_version = version_problem(document)
        if wrong_version is not None:
            self.problems.append(wrong_version)
            return None
        folder = path.parent
        root = discovery.repository_of(folder)
        own = personal or path.is_relative_to(discovery.shipped_folder())
        interpolator = Interpolator(
            self.environ,
            folder,
            None if own else root or folder,
            lambda: self._trusts(path, document),
            self.looks,
        )
        table = fit_text(expand(interpolator.table(document.root)), model)
        self.interpolated.update(interpolator.names)
        self.read.update((path, *interpolator.read))
        self.problems.extend(interpolator.problems)
        if not own:
            whole = self.with_absolute_paths(table, folder)
            self._ask(path, document, interpolator.left, list(asked(whole, root)))
        unfilled = {item.path for item in interpolator.problems} | {ask.path for ask in interpolator.left}
        self.problems.extend(item for item in check(table, model) if item.path not in unfilled)
        self.problems.extend(_fixed_lists(table))
        self.problems.extend(_stop_warnings(table))
        return Layer(path, document.source.label, self.with_absolute_paths(table, folder))

    def _trusts(self, path: Path, document: Document) -> bool:
        return trust.read(trust.state_file(self.environ)).get(trust.name(path)) == document.digest

    def _ask(self, path: Path, document: Document, left: Sequence[Ask], asks: Sequence[Ask]) -> None:
        """Remember what a file asks for; `left` are values that cannot be read without consent."""
        if not left and not asks:
            return
        trusted = self._trusts(path, document)
        known = trust.name(path) in trust.read(trust.state_file(self.environ))
        request = Request(path, document.source.label, document.digest, (*left, *asks), trusted, known)
        self.requests[path] = request
        if not trusted:
            missing = () if self.looks else left
            self.problems.extend(_refusal(ask, request, looks=False) for ask in missing)

    def refusals(self) -> list[Diagnostic]:
        """What files ask for that nobody trusts, warnings where they are only looked at.

        Told when nothing else is wrong: whoever mends a file has to look at it again anyway.
        """
        waiting = [request for request in self.requests.values() if not request.trusted]
        return [_refusal(ask, request, looks=self.looks) for request in waiting for ask in request.asks]

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
        paths = discovery.repository_files(self.cwd, self.environ)
        layers = [self.load(path, RepositoryFile) for path in paths]
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
            for name in _strings(layer.table, "profiles")
        ]
        root = repository[0].path.parent if repository else self.cwd
        return listed or [root / "profiles"]


def _refusal(ask: Ask, request: Request, *, looks: bool) -> Diagnostic:
    command = f"mlxk trust {shlex.quote(request.label)}"
    changed = ("the file has changed since it was trusted",) if request.known else ()
    if looks:
        message = f"{ask.sentence}: run, chat and up want your consent"
        return Diagnostic("W004", message, ask.origin, command, changed, ask.path)
    message = f"{ask.sentence}, and nobody said that this file is trusted"
    return Diagnostic("E601", message, ask.origin, f"read the file, then: {command}", changed, ask.path)


def gather(workspace: Workspace, path: Path, catalogue: Sequence[Found]) -> list[Layer]:
    """The layers of the profile in `path`, low to high; problems go to the workspace."""
    gatherer = _Gatherer(workspace, catalogue)
    first = len(workspace.problems)
    gatherer.visit(path, (), ProfileFile)
    layers = list(gatherer.layers.values())
    workspace.problems[first:] = [_with_overridden(item, layers) for item in workspace.problems[first:]]
    return layers


def _with_overridden(item: Diagnostic, layers: Sequence[Layer]) -> Diagnostic:
    """A value that is wrong may hide one that was right: say where that one is."""
    for index, layer in enumerate(layers):
        if item.origin is not None and item.origin.file == layer.path:
            return with_note(item, [below.table for below in layers[:index]])
    return item


@dataclass(slots=True)
class _Gatherer:
    workspace: Workspace
    catalogue: Sequence[Found]
    layers: dict[Path, Layer] = field(default_factory=dict)
    visited: set[Path] = field(default_factory=set)

    def visit(self, path: Path, chain: tuple[Path, ...], model: type[BaseModel]) -> None:
        if path in self.visited:
            return
        self.visited.add(path)
        user = discovery.user_folder(self.workspace.environ)
        personal = user is not None and path.is_relative_to(user)
        layer = self.workspace.load(path, model, personal=personal)
        if layer is None:
            return
        chain = (*chain, path)
        for key in ("extends", "include"):
            for index, reference in enumerate(_strings(layer.table, key)):
                target = self._target(layer, key, index, reference)
                if target is not None and not self._goes_too_far(layer, (key, index), target, chain):
                    self.visit(target, chain, model)
        self.layers[path] = layer

    def _goes_too_far(self, layer: Layer, place: KeyPath, target: Path, chain: tuple[Path, ...]) -> bool:
        if len(chain) >= MAX_CHAIN:
            self._problem("E302", f"`{place[0]}` goes through more than {MAX_CHAIN} files", layer, place)
            return True
        if target not in chain:
            return False
        names = [self.workspace.label(path) for path in (*chain[chain.index(target) :], target)]
        message = f"`{place[0]}` goes round in a circle: {' → '.join(names)}"
        self._problem("E302", message, layer, place)
        return True

    def _target(self, layer: Layer, key: str, index: int, reference: str) -> Path | None:
        environ = self.workspace.environ
        try:
            if key == "include":
                return bases.included(reference, layer.path, environ)
            return bases.extended(reference, layer.path, self.catalogue, environ)
        except bases.NotThere as error:
            self._problem("E301", error.message, layer, (key, index), error.help)
            return None

    def _problem(
        self, code: str, message: str, layer: Layer, place: KeyPath, help_text: str | None = None
    ) -> None:
        node = lookup(layer.table, place)
        origin = node.origin if node is not None else layer.table.origin
        self.workspace.problems.append(Diagnostic(code, message, origin, help_text, path=place))


def _strings(table: Table, key: str) -> list[str]:
    node = lookup(table, (key,))
    listed = plain(node) if isinstance(node, Items) else []
    return [item for item in listed if isinstance(item, str) and item] if isinstance(listed, list) else []


def expand(table: Table) -> Table:
    """Short forms written out: a string under `model`, `extends` and `include`.

    A plain string says which model it is as a whole, so nothing of a lower layer's `model` stays.
    """
    table = _in_entries(table, "models", expand)
    entries = dict(table.entries)
    for key in ("extends", "include"):
        entry = entries.get(key)
        if entry is not None and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            entries[key] = Entry(entry.key, Items((entry.value,), entry.value.origin))
    entry = entries.get("model")
    if entry is not None and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
        entries["model"] = Entry(entry.key, _model(entry.key, entry.value, entry.value.value))
    return Table(entries, table.origin, table.replaces)


def _in_entries(table: Table, key: str, change: Callable[[Table], Table]) -> Table:
    """The table with each entry under `key` changed: an entry says its model as a profile does."""
    named = lookup(table, (key,))
    if not isinstance(named, Table):
        return table
    entries = {
        name: Entry(entry.key, change(entry.value)) if isinstance(entry.value, Table) else entry
        for name, entry in named.entries.items()
    }
    changed = Entry(table.entries[key].key, replace(named, entries=entries))
    return replace(table, entries={**table.entries, key: changed})


def _model(key: Origin, scalar: Scalar, reference: str) -> Value:
    parts = model_table(reference)
    entries = {name: Entry(key, replace(scalar, value=value, text=None)) for name, value in parts.items()}
    return Table(entries, scalar.origin, replaces=True)


def _fixed_lists(table: Table) -> list[Diagnostic]:
    found = []
    for key in FIXED_LISTS:
        entry = table.entries.get(key)
        if entry is not None and isinstance(entry.value, Items) and entry.value.appends:
            message = f"`{key}` cannot be appended to: nothing is inherited"
            found.append(Diagnostic("E108", message, entry.key, f"write `{key}:`", path=(key,)))
    return found


def _stop_warnings(table: Table) -> list[Diagnostic]:
    """YAML reads escapes in double quotes only: '\\n' in single quotes is a backslash and an n."""
    found = []
    for path, leaf in leaves(table):
        if path[-3:-1] != ("stop", "sequences") or not isinstance(leaf, Scalar) or leaf.style == '"':
            continue
        if isinstance(leaf.value, str) and re.search(r"\\[nrt]", leaf.value):
            message = "this stops at a backslash and a letter, not at a line break or tab"
            help_text = 'use double quotes: "\\n"'
            found.append(Diagnostic("W001", message, leaf.origin, help_text, path=path))
    return found
