"""`mlxk migrate`: keys of other tools and older versions, rewritten in place."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.config import migrate_files, project_files
from mlxk.config.diagnostics import as_json, human, printable
from mlxk.config.migration import Change, Migration, write
from mlxk.config.secrets import shown_lines
from mlxk.errors import UsageError

_Switch = Annotated[bool, Parameter(negative="")]


def migrate(
    *files: Annotated[Path, Parameter(name="files")],
    check: _Switch = False,
    dry_run: _Switch = False,
    diff: _Switch = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Rewrite keys that other tools or versions call otherwise, and nothing else.

    max_tokens becomes tokens.max_output, num_ctx becomes tokens.context, host and port become server.listen;
    a missing `mlxk: 1` is added. Comments and layout stay. A file in which both the old and the new key are
    set is left as it is, with an error.

    Examples:
        mlxk migrate --diff
        mlxk migrate profiles/team.yaml

    Parameters
    ----------
    files
        Profiles, mlxk.yaml or config.yaml. Without any: those of this project.
    check
        Write nothing; exit status 1 if a file would change.
    dry_run
        Write nothing; tell what would change.
    diff
        Write nothing; print the changes as a diff. Exit status 1 if there are any.
    json_
        For programs.
    """
    paths = list(files) or project_files()
    if not paths:
        raise UsageError(
            "this folder has no mlxk.yaml and no profiles", hint="name files: mlxk migrate profiles/*.yaml"
        )
    found = migrate_files(paths)
    writes = not (check or dry_run or diff)
    for item in found if writes else ():
        _write(item)
    if json_:
        print(json.dumps([_object(item, writes) for item in found], indent=2, ensure_ascii=False))
    else:
        _tell(found, diff=diff, writes=writes)
    failed = any(item.problems for item in found)
    return 1 if failed or ((check or diff) and any(item.changes for item in found)) else 0


def _write(item: Migration) -> None:
    if not item.changes or item.problems:
        return
    try:
        write(item)
    except OSError as error:
        raise UsageError(f"cannot write {item.label}: {error.strerror}") from error


def _tell(found: Sequence[Migration], *, diff: bool, writes: bool) -> None:
    for item in found:
        if item.problems:
            print(human(item.problems), file=sys.stderr)
        elif diff:
            print(_diff(item), end="")
        elif item.changes:
            print(item.label)
            for change in item.changes:
                print(printable(f"  {change.line}: {_said(change)}"))
    changed = sum(bool(item.changes) for item in found)
    failed = sum(bool(item.problems) for item in found)
    counts = [
        f"{changed} {'migrated' if writes else 'would change'}" if changed else "",
        f"{failed} left as it is" if failed == 1 else f"{failed} left as they are" if failed else "",
        f"{len(found) - changed - failed} up to date" if len(found) > changed + failed else "",
    ]
    files = f"{len(found)} file{'s' * (len(found) != 1)}"
    print(f"{files}: {', '.join(filter(None, counts))}", file=sys.stderr)


def _said(change: Change) -> str:
    if change.old is None:
        return f"added {change.new}"
    return f"{change.old} → {change.new}" if change.old != change.new else f"{change.old}: its value"


def _diff(item: Migration) -> str:
    """Unified, as `patch` and `git apply` take it, unless API keys have to be starred out."""
    old, new = ("", "") if Path(item.label).is_absolute() else ("a/", "b/")
    lines = difflib.unified_diff(
        _lines(_shown(item.before)), _lines(_shown(item.after)), old + item.label, new + item.label
    )
    ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(ended)


def _shown(text: str) -> str:
    shown = shown_lines(text)
    return text if shown == tuple(text.splitlines()) else "\n".join(shown) + "\n"


def _lines(text: str) -> list[str]:
    """Lines end at line feeds alone, as a patch counts them."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [text.rpartition("\n")[2]] * (text[-1:] != "\n")


def _object(item: Migration, writes: bool) -> dict[str, object]:
    changed = bool(item.changes)
    return {
        "file": item.label,
        "changed": changed,
        "written": changed and writes,
        "changes": [{"line": each.line, "old": each.old, "new": each.new} for each in item.changes],
        "diff": _diff(item) if changed else "",
        "problems": json.loads(as_json(item.problems)),
    }
