"""The files behind a profile: what it extends and includes.

Layers come out from low to high: what a file extends, left to right; what it includes; the file itself. A
file that is reached twice is one layer, at the first place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from mlxk.config import bases, discovery
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.discovery import Found
from mlxk.config.files import ProfileFile
from mlxk.config.origins import KeyPath
from mlxk.config.validation import with_note
from mlxk.config.values import lookup
from mlxk.config.workspace import Layer, Workspace, strings

MAX_CHAIN = 32


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
            for index, reference in enumerate(strings(layer.table, key)):
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
