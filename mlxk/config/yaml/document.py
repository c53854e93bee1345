"""One YAML file or text as a tree with positions, read strictly.

Refused: what is not a regular file, more than `MAX_BYTES`, text that is not UTF-8, duplicate keys, tags of
one's own, recursive aliases, more than `MAX_DEPTH` levels, and aliases that expand to more than `MAX_NODES`
values (see `strict`). Merge keys (`<<`) work.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.origins import KeyPath, Origin, OriginKind, Source
from mlxk.config.secrets import shown_lines
from mlxk.config.values import Scalar, Table, Value
from mlxk.config.yaml.strict import MAX_BYTES, Refused, compose, is_unicode, typed
from mlxk.config.yaml.syntax import syntax_error
from mlxk.config.yaml.tree import Builder, describe


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


def _failed(source: Source, code: str, message: str, help_text: str | None = None) -> Document:
    origin = Origin("file", source.label, source=source)
    return Document(source, Table({}, origin), (Diagnostic(code, message, origin, help_text),))


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
    builder = Builder(source, kind)
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
        return Document(source, nothing, (syntax_error(error, text, builder),))
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
    builder = Builder(source, kind)
    try:
        node = compose(text)
        value = builder.build(node, path) if node is not None else None
    except Refused as error:
        return None, (Diagnostic(error.code, error.message, whole, error.help),)
    except yaml.YAMLError as error:
        return None, (syntax_error(error, text, builder),)
    return value, tuple(builder.problems)
