"""YAML nodes as values with positions.

`key+:` becomes a list that appends; keys that begin with `x-` are the user's own and are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.origins import KeyPath, Origin, OriginKind, Source, dotted
from mlxk.config.secrets import shown_name
from mlxk.config.values import Entry, Items, Scalar, Table, Value
from mlxk.config.yaml.strict import CONSTRUCT, MERGE, TAG, is_unicode


class Builder:
    """Nodes to values; collects problems and goes on."""

    def __init__(self, source: Source, kind: OriginKind) -> None:
        self.source = source
        self.kind: OriginKind = kind
        self.problems: list[Diagnostic] = []

    def origin_at(self, mark: yaml.Mark | None, width: int = 1) -> Origin:
        if mark is None:
            return Origin(self.kind, self.source.label, source=self.source)
        return Origin(self.kind, self.source.label, mark.line + 1, mark.column + 1, width, self.source)

    def origin(self, node: yaml.Node) -> Origin:
        start, end = node.start_mark, node.end_mark
        if start.line == end.line:
            return self.origin_at(start, max(1, end.column - start.column))
        line = self.source.lines[start.line] if start.line < len(self.source.lines) else ""
        return self.origin_at(start, max(1, len(line.rstrip()) - start.column))

    def problem(
        self, code: str, message: str, node: yaml.Node, path: KeyPath, help_text: str | None = None
    ) -> None:
        self.problems.append(Diagnostic(code, message, self.origin(node), help_text, path=path))

    def build(self, node: yaml.Node, path: KeyPath = ()) -> Value:
        match node:
            case yaml.MappingNode():
                return self._table(node, path)
            case yaml.SequenceNode():
                self._standard_tag(node, "seq", path)
                items = tuple(self.build(item, (*path, index)) for index, item in enumerate(node.value))
                return Items(items, self.origin(node))
            case yaml.ScalarNode():
                return self._scalar(node, path)
            case _:
                raise TypeError(f"no such node: {type(node).__name__}")

    def _standard_tag(self, node: yaml.Node, name: str, path: KeyPath) -> None:
        if node.tag != TAG + name:
            tag = shown_name(path, node.tag)
            self.problem("E011", f"unknown tag `{tag}`", node, path, "profiles have no tags: remove it")

    def _unicode(self, node: yaml.ScalarNode, path: KeyPath) -> None:
        if not is_unicode(node.value):
            self.problem("E002", "half of a surrogate pair is no character", node, path)

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Scalar:
        self._unicode(node, path)
        construct = CONSTRUCT.get(node.tag)
        if construct is None:
            self._standard_tag(node, "str", path)
            return Scalar(node.value, self.origin(node), style=node.style)
        try:
            value = construct(node.value)
        except ValueError:
            self.problem("E012", "not a number that can be read", node, path, "quote it to make it text")
            value = node.value
        return Scalar(value, self.origin(node), style=node.style)

    def _table(self, node: yaml.MappingNode, path: KeyPath) -> Table:
        self._standard_tag(node, "map", path)
        entries: dict[str, Entry] = {}
        inherited: dict[str, Entry] = {}
        seen: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem("E010", "a key must be plain text", key_node, path)
            elif key_node.tag == MERGE and key_node.style is None:
                inherited |= self._merged(value_node, path)
            elif key_node.value in seen:
                first = seen[key_node.value].start_mark.line + 1
                name = shown_name(path, key_node.value)
                message = f"duplicate key `{name}`{_inside(path)}"
                self.problem("E007", message, key_node, (*path, name), f"first set in line {first}")
            else:
                seen[key_node.value] = key_node
                if not key_node.value.startswith("x-"):
                    self._entry(entries, key_node, value_node, path)
        return Table(inherited | entries, self.origin(node))

    def _entry(
        self, entries: dict[str, Entry], key_node: yaml.ScalarNode, value_node: yaml.Node, path: KeyPath
    ) -> None:
        name: str = key_node.value
        self._unicode(key_node, path)
        appends = name.endswith("+") and len(name) > 1
        name = name[:-1] if appends else name
        value = self.build(value_node, (*path, name))
        if appends and isinstance(value, Items):
            value = Items(value.items, value.origin, appends=True)
        elif appends:
            shown = shown_name(path, name)
            message = f"`{shown}+` appends to a list, so it takes a list, not {describe(value)}"
            self.problem("E108", message, key_node, (*path, shown))
            return
        if name in entries:
            shown = shown_name(path, name)
            message = f"both `{shown}` and `{shown}+`{_inside(path)}"
            self.problem("E108", message, key_node, (*path, shown), "put all items under one of them")
            return
        entries[name] = Entry(self.origin(key_node), value)

    def _merged(self, node: yaml.Node, path: KeyPath) -> Mapping[str, Entry]:
        """What `<<` brings in: of several tables, the first that has a key wins."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Entry] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self.problem("E010", "`<<` takes a mapping or a list of mappings", source, path)
                continue
            merged = {**self._table(source, path).entries, **merged}
        return merged


def _inside(path: KeyPath) -> str:
    return f" in {dotted(path)}" if path else ""


def describe(value: Value) -> str:
    """What kind of value this is, in words; never the value itself."""
    match value:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=int()):
            return "a whole number"
        case Scalar(value=float()):
            return "a number"
        case Scalar():
            return "text"
