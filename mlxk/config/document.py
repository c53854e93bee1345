"""One YAML file or text as a tree with positions, read strictly.

Refused: what is not a regular file, more than `MAX_BYTES`, text that is not UTF-8, duplicate keys, tags of
one's own, recursive aliases, more than `MAX_DEPTH` levels, and aliases that expand to more than `MAX_NODES`
values (see `strict_yaml`). Merge keys (`<<`) work.

`key+:` becomes a list that appends; keys that begin with `x-` are the user's own and are dropped.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.layers import Entry, Items, Scalar, Table, Value
from mlxk.config.origins import KeyPath, Origin, OriginKind, Source, dotted
from mlxk.config.secrets import shown_lines, shown_name
from mlxk.config.strict_yaml import CONSTRUCT, MAX_BYTES, MERGE, TAG, Refused, compose, is_unicode, typed


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read: its tree, what was wrong with it, and the SHA-256 of a file's bytes."""

    source: Source
    root: Table
    problems: tuple[Diagnostic, ...] = ()
    digest: str = ""


def read(path: Path, label: str) -> Document:
    """Read a file; `label` is its name in messages. Never raises for bad content: see `problems`."""
    empty = Source(label, (), path)
    try:
        data = _bytes(path)
        text = data.decode("utf-8-sig")
    except OSError as error:
        return _failed(empty, "E001", f"cannot read the file: {os.strerror(error.errno or 0)}")
    except UnicodeDecodeError as error:
        head = data[: error.start]
        line, column = head.count(b"\n") + 1, error.start - (head.rfind(b"\n") + 1) + 1
        message = f"not UTF-8 text: byte 0x{data[error.start]:02x} at line {line}, column {column}"
        return _failed(empty, "E002", message, "save it as UTF-8")
    except Refused as error:
        return _failed(empty, error.code, error.message, error.help)
    document = parse(text, Source(label, shown_lines(text), path))
    return replace(document, digest=hashlib.sha256(data).hexdigest())


def _failed(source: Source, code: str, message: str, help: str | None = None) -> Document:  # noqa: A002
    origin = Origin("file", source.label, source=source)
    return Document(source, Table({}, origin), (Diagnostic(code, message, origin, help),))


def _bytes(path: Path) -> bytes:
    # O_NONBLOCK: opening a FIFO that nobody writes to must not hang.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise Refused("E001", "not the name of a file", None) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        os.close(descriptor)
        raise Refused("E001", "this is a folder, not a file", None, "name a .yaml file in it")
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(mode):
            raise Refused("E001", "not a regular file", None)
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused("E003", f"larger than {MAX_BYTES // 1024} KiB", None)
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("E002", "a binary file, not YAML text", None)
    return data


def parse(text: str, source: Source, kind: OriginKind = "file") -> Document:
    """The document in `text`, which must be a mapping. Never raises for bad content: see `problems`."""
    start = Origin(kind, source.label, 1, 1, 1, source)
    builder = _Builder(source, kind)
    nothing = Table({}, start)
    try:
        node = compose(text)
        if node is None:
            shown = Origin(kind, source.label, source=source)
            empty = Diagnostic("E004", "the file is empty", shown, "begin with `mlxk: 1`")
            return Document(source, nothing, (empty,))
        root = builder.build(node)
    except Refused as error:
        origin = builder.origin_at(error.mark)
        return Document(source, nothing, (Diagnostic(error.code, error.message, origin, error.help),))
    except yaml.YAMLError as error:
        return Document(source, nothing, (_syntax_error(error, text, builder),))
    if not isinstance(root, Table):
        wrong = Diagnostic("E010", f"expected a mapping of keys, found {describe(root)}", root.origin)
        return Document(source, nothing, (*builder.problems, wrong))
    return Document(source, root, tuple(builder.problems))


def parse_value(
    text: str, source: Source, kind: OriginKind, path: KeyPath
) -> tuple[Value | None, tuple[Diagnostic, ...]]:
    """The one value in `text`, as written for `path` behind `--set key=` or in the environment.

    Text that is no YAML flow value is a string: `--set system=a: b` needs no second pair of quotes.
    """
    whole = Origin(kind, source.label, 1, 1, max(1, len(text)), source)
    if not is_unicode(text):
        return None, (Diagnostic("E002", "not UTF-8 text", whole),)
    if text[:1] not in ("[", "{", '"', "'"):
        return Scalar(typed(text), whole, text=text), ()
    builder = _Builder(source, kind)
    try:
        node = compose(text)
        value = builder.build(node, path) if node is not None else None
    except Refused as error:
        return None, (Diagnostic(error.code, error.message, whole, error.help),)
    except yaml.YAMLError as error:
        return None, (_syntax_error(error, text, builder),)
    return value, tuple(builder.problems)


class _Builder:
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
        self,
        code: str,
        message: str,
        node: yaml.Node,
        path: KeyPath,
        help: str | None = None,  # noqa: A002
    ) -> None:
        self.problems.append(Diagnostic(code, message, self.origin(node), help, path=path))

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


# What PyYAML's scanner and parser say, in a user's words and without those of the file, which may be secret;
# the last column says whether to look where it began.
_SYNTAX = (
    ("while scanning a quoted scalar", "end of stream", "a quotation mark that is never closed", True),
    ("while scanning a simple key", "could not find expected ':'", "a key without its `:`", True),
    ("while parsing a flow sequence", "", "a `[` without its `]`, or a missing comma", True),
    ("while parsing a flow mapping", "", "a `{` without its `}`, or a missing comma", True),
    ("", "mapping values are not allowed here", "a `:` where none can stand", False),
    ("", "expected <block end>", "this line is not indented like those around it", False),
    ("", "found undefined alias", "an alias to an anchor that is not there", False),
    ("", "found duplicate anchor", "an anchor that is there twice", False),
    ("", "found undefined tag handle", "an unknown tag", False),
)


def _in_plain_words(error: yaml.MarkedYAMLError) -> tuple[str, yaml.Mark | None]:
    context, problem = str(error.context or ""), str(error.problem or "")
    for within, said, message, at_start in _SYNTAX:
        if within in context and said in problem:
            return message, error.context_mark if at_start else error.problem_mark
    return " ".join((problem or context or "not YAML").split()), error.problem_mark or error.context_mark


def _line(source: Source, mark: yaml.Mark | None) -> str:
    return source.lines[mark.line] if mark is not None and mark.line < len(source.lines) else ""


def _syntax_error(error: yaml.YAMLError, text: str, builder: _Builder) -> Diagnostic:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        origin = Origin(builder.kind, builder.source.label, line, column, 1, builder.source)
        return Diagnostic("E002", f"control character U+{ord(text[error.position]):04X} in the text", origin)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Diagnostic("E005", "not YAML", builder.origin_at(None))
    problem, mark = _in_plain_words(error)
    origin = builder.origin_at(mark)
    line_text = _line(builder.source, error.problem_mark or error.context_mark)
    indent = line_text[: len(line_text) - len(line_text.lstrip())]
    if "'\\t'" in str(error.problem) or "\t" in indent:
        there = builder.origin_at(error.problem_mark)
        return Diagnostic("E006", "a tab where YAML wants spaces", there, "indent with spaces")
    if "single document" in str(error.context or ""):
        message = "more than one YAML document in the file"
        return Diagnostic("E010", message, origin, "one profile a file: remove the `---`")
    if "${" in line_text:
        return Diagnostic("E005", problem, origin, 'inside [ ] and { } put quotes around "${…}"')
    return Diagnostic("E005", problem, origin)
