"""`mlxk migrate`: the keys of `renames` rewritten in a file's text, and nothing else.

The text is changed in passes. A pass finds what is left, edits as much as does not touch, and reads the
result again: it must say exactly what the old text said, with those keys in their new places. What cannot be
changed safely is a problem at its place, and a file with a problem is left as it is.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.migration.rewriting import Change, Rewriting
from mlxk.config.values import Scalar, Table, lookup
from mlxk.config.version import newer_language, version_problem
from mlxk.config.yaml.document import read
from mlxk.errors import ProfileError

__all__ = ["Change", "Migration", "migrate", "write"]


@dataclass(frozen=True, slots=True)
class Migration:
    """What becomes of one file. With `problems`, nothing does."""

    path: Path
    label: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    changes: tuple[Change, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def migrate(path: Path, label: str, model: type[BaseModel]) -> Migration:
    """What becomes of a file; it is not written. Never raises for bad content: see `problems`."""
    document = read(path, label)
    versionless = document.problems or _says_no_version(document.root)
    problem = newer_language(document) or (None if versionless else version_problem(document))
    problems = (problem,) if problem is not None else document.problems
    if problems:
        return Migration(path, label, "", "", (), problems)
    raw = path.read_bytes().decode("utf-8")
    text = raw.removeprefix("\ufeff")
    rewriting = Rewriting(text, document.source, model)
    after = rewriting.run()
    if rewriting.problems:
        return Migration(path, label, raw, raw, (), tuple(rewriting.problems))
    changes = tuple(sorted(rewriting.changes, key=lambda change: change.line))
    return Migration(path, label, raw, raw[: len(raw) - len(text)] + after, changes)


def write(migration: Migration) -> None:
    """Put the new text in the file's place, in one step.

    Raises `OSError`, and `ProfileError` if the file is not what it was when it was read.
    """
    target = migration.path.resolve()
    is_new = not migration.before and not target.exists()
    if not is_new and target.read_bytes() != migration.before.encode():
        raise ProfileError(f"{migration.label} has changed since it was read", hint="try again")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(migration.after.encode())
            file.flush()
            os.fsync(file.fileno())
        if not is_new:
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _says_no_version(root: Table) -> bool:
    """Whether `mlxk: 1` is missing, or written as text: neither says that the file is of another language."""
    node = lookup(root, ("mlxk",))
    said = node.value if isinstance(node, Scalar) else node
    return bool(root.entries) and (said is None or (said in ("1", 1.0) and not isinstance(said, int)))
