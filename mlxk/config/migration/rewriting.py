"""One file's text rewritten in passes, until no key has another name here."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel

from mlxk.config import shape
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.migration import moves, moving
from mlxk.config.migration.moves import Move, Obstacle
from mlxk.config.origins import Origin, Source, dotted
from mlxk.config.version import LANGUAGE_VERSION
from mlxk.config.yaml.edits import Edit, applied, touch
from mlxk.config.yaml.layout import Layout, Unchangeable
from mlxk.config.yaml.spans import MapSpan, data, parse
from mlxk.config.yaml.strict import TAG

_MOST_PASSES = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One key: its line in the old text, and its old and new name; a new key has no old one."""

    line: int
    old: str | None
    new: str


class Rewriting:
    """One file's text on its way; what is told counts the lines of the text as it was."""

    def __init__(self, text: str, source: Source, model: type[BaseModel]) -> None:
        self.text = text
        self.source = source
        self.model = model
        self.changes: list[Change] = []
        self.problems: list[Diagnostic] = []

    def run(self) -> str:
        """The text as it becomes, if there are no problems."""
        root = _mapping(self.text)
        left = self._find(self.text, root, tell=True)
        text = self.text
        for _ in range(_MOST_PASSES):
            if self.problems or not left:
                break
            text, root = self._pass(text, root, left)
            left = self._find(text, root)
        if left and not self.problems:
            self._problem("E502", "the file cannot be rewritten: its keys stay as they are")
        return text if self.problems else self._with_version(text, root)

    def _is_ours(self, root: MapSpan) -> bool:
        """Whether a file without `mlxk: 1` has anything of a profile."""
        known = shape.keys(self.model)
        return any(key.value.removesuffix("+") in known for key, _ in root.pairs)

    def _find(self, text: str, root: MapSpan, *, tell: bool = False) -> list[Move]:
        layout = Layout.of(text, root)
        found = []
        for item in moves.find(root, self.model, layout):
            if isinstance(item, Obstacle):
                span = (item.span.start, item.span.end)
                self._problem("E501", item.message, item.help, span if tell else None)
                continue
            found.append(item)
            if tell:
                self._tell(item, layout)
        return found

    def _tell(self, move: Move, layout: Layout) -> None:
        """A change, and what stands against it."""
        try:
            moving.edits(move, layout)
        except Unchangeable as error:
            key = move.keys[0]
            self._problem("E501", str(error), "move it by hand", (key.start, key.end))
        for key in move.keys:
            old = dotted((*move.scope.path, *move.container, key.value))
            self.changes.append(Change(layout.line(key.start) + 1, old, move.target))

    def _pass(self, text: str, root: MapSpan, left: Sequence[Move]) -> tuple[str, MapSpan]:
        """One move of each scope, as far as the edits keep apart."""
        layout = Layout.of(text, root)
        chosen: list[tuple[Move, list[Edit]]] = []
        for move in left:
            if any(move.scope.path == other.scope.path for other, _ in chosen):
                continue
            try:
                edits = moving.edits(move, layout)
            except Unchangeable as error:
                self._problem("E502", str(error))
                return text, root
            if not any(touch(edits, others) for _, others in chosen):
                chosen.append((move, edits))
        done = _carried_out(text, root, chosen)
        for single in chosen if done is None else ():
            done = _carried_out(text, root, [single])
            if done is None:
                self._problem(
                    "E502", f"`{single[0].keys[0].value}` cannot be moved to `{single[0].target}` safely"
                )
        return done or (text, root)

    def _with_version(self, text: str, root: MapSpan) -> str:
        node = root.value("mlxk")
        if node is not None and data(node) == (TAG + "int", str(LANGUAGE_VERSION)):
            return text
        if node is None and not self._is_ours(root):
            self._problem(
                "E502", "this is no file of mlxk: it has no `mlxk: 1`, and no key that mlxk knows", None
            )
            return text
        layout = Layout.of(text, root)
        said = f"mlxk: {LANGUAGE_VERSION}"
        if node is not None:
            edit = Edit(node.start, node.end, str(LANGUAGE_VERSION))
            line = layout.line(node.start) + 1
        elif root.flow:
            edit = Edit(root.start + 1, root.start + 1, said + ", " * bool(root.pairs))
            line = layout.line(root.start) + 1
        else:
            start = layout.comments_above(root.pairs[0][0])
            indent = " " * layout.column(root.pairs[0][0].start)
            edit = Edit(start, start, indent + said + layout.newline)
            line = layout.line(start) + 1
        self.changes.append(Change(line, "mlxk", "mlxk") if node is not None else Change(line, None, said))
        return applied(text, [edit])

    def _problem(
        self,
        code: str,
        message: str,
        help_text: str | None = "change it by hand",
        span: tuple[int, int] | None = None,
    ) -> None:
        origin = Origin("file", self.source.label, source=self.source)
        if span is not None:
            layout = Layout.of(self.text, _mapping(self.text))
            line, column = layout.line(span[0]) + 1, layout.column(span[0]) + 1
            end = min(span[1], layout.line_end(span[0]))
            origin = Origin("file", self.source.label, line, column, max(1, end - span[0]), self.source)
        self.problems.append(Diagnostic(code, message, origin, help_text))


def _mapping(text: str) -> MapSpan:
    root = parse(text)
    if not isinstance(root, MapSpan):
        raise TypeError("a file that was read without problems is a mapping")
    return root


def _carried_out(
    text: str, root: MapSpan, chosen: Sequence[tuple[Move, list[Edit]]]
) -> tuple[str, MapSpan] | None:
    """The text with these moves; `None` if it would not say what it should."""
    expected: Any = copy.deepcopy(data(root))
    for move, _ in chosen:
        moving.carry_out(move, expected)
    after = applied(text, [edit for _, edits in chosen for edit in edits])
    try:
        now = parse(after)
    except yaml.YAMLError:
        return None
    return (after, now) if isinstance(now, MapSpan) and data(now) == expected else None
