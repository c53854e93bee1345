"""`mlxk trust`: what files ask for, and the user's word on it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.config import catalogue, project_files, requests
from mlxk.config import trust as trusting
from mlxk.config.consent import Request
from mlxk.config.diagnostics import printable, snippet
from mlxk.config.origins import dotted
from mlxk.errors import UsageError

_Switch = Annotated[bool, Parameter(negative="")]


def trust(
    *paths: str,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False,
    list_: Annotated[bool, Parameter(name="--list", negative="")] = False,
    revoke: _Switch = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Allow what a file from elsewhere asks for, after reading it.

    A file of a repository may be somebody else's. If it opens the server to the network, takes away its API
    keys, runs a model's code or reads files outside of the repository, run, chat and up refuse it until it is
    trusted, and again when it changes. Your own files (~/.config/mlxk) and shipped profiles need no trust.

    Examples:
        mlxk trust
        mlxk trust profiles/team.yaml
        mlxk trust --yes profiles/team.yaml
        mlxk trust --list

    Parameters
    ----------
    paths
        Profiles by name or file, mlxk.yaml; what they build on is asked for too. Without any: those of this
        project.
    yes
        Trust them without asking, in scripts.
    list_
        Print which files are trusted, and whether they have changed since.
    revoke
        Trust these files no more.
    json_
        For programs; asks nothing, and trusts the files only with --yes.
    """
    file = trusting.state_file(os.environ)
    if list_:
        return _list(trusting.read(file), json_)
    names = paths or tuple(str(path) for path in project_files())
    if not names:
        raise UsageError("this folder has no mlxk.yaml and no profiles", hint="mlxk trust PATH")
    if revoke:
        return _revoke(file, names, json_)
    found = requests(names)
    waiting = [item for item in found if not item.trusted]
    if not json_:
        _show(found)
    if waiting and (yes or (not json_ and _agreed(len(waiting)))):
        files = trusting.read(file) | {trusting.name(item.path): item.digest for item in waiting}
        trusting.write(file, files)
        if not json_:
            print(printable(f"trusted: {', '.join(item.label for item in waiting)}"))
        waiting = []
    if json_:
        print(json.dumps([_object(item, item not in waiting) for item in found], indent=2))
    return 1 if waiting else 0


def _show(found: Sequence[Request]) -> None:
    if not found:
        print("nothing here needs trust")
    for item in found:
        state = "trusted" if item.trusted else "changed since it was trusted" if item.known else "not trusted"
        print(printable(f"{item.label} ({state})"))
        for ask in item.asks:
            print(printable(f"  {ask.sentence}"))
            shown = snippet(ask.origin)
            if shown is not None:
                print(f"    {ask.origin.line} | {shown[0].strip()}")


def _agreed(count: int) -> bool:
    """The user's answer; without a terminal there is nobody to ask."""
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked: standard input is no terminal, so nothing was trusted",
            hint="having read them: mlxk trust --yes …",
        )
    print(f"Trust {'this file' if count == 1 else f'these {count} files'}? [y/N] ", end="", flush=True)
    agreed = sys.stdin.readline().strip().lower() in ("y", "yes")
    if not agreed:
        print("nothing was trusted", file=sys.stderr)
    return agreed


def _list(files: Mapping[str, str], json_: bool) -> int:
    states = {name: _state(Path(name), digest) for name, digest in files.items()}
    if json_:
        print(json.dumps([{"file": name, "state": state} for name, state in states.items()], indent=2))
    else:
        for name, state in states.items():
            print(printable(f"{state:<7}  {name}"))
    return 0


def _state(path: Path, digest: str) -> str:
    try:
        return "trusted" if trusting.digest(path) == digest else "changed"
    except OSError:
        return "missing"


def _revoke(file: Path | None, names: Sequence[str], json_: bool) -> int:
    files = trusting.read(file)
    gone = [real for name in names if (real := _real_name(name)) in files]
    if gone:
        trusting.write(file, {name: digest for name, digest in files.items() if name not in gone})
    if json_:
        print(json.dumps([{"file": name, "state": "revoked"} for name in gone], indent=2))
    else:
        print("\n".join(f"no longer trusted: {name}" for name in gone) or "none of these was trusted")
    return 0


def _real_name(name: str) -> str:
    """Of a profile by name or a file, which may be gone."""
    listed = {item.name: item.path for item in catalogue()}
    return trusting.name(listed.get(name, Path(name).expanduser()))


def _object(item: Request, trusted: bool) -> dict[str, object]:
    asks = [
        {"key": dotted(ask.path), "what": ask.what, "line": ask.origin.line, "column": ask.origin.column}
        for ask in item.asks
    ]
    return {"file": item.label, "trusted": trusted, "changed": item.known and not item.trusted, "asks": asks}
