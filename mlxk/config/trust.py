"""Which files the user trusts: by path and content, in a private file of the user's state.

A file that changes must be trusted again. The user's own files (below `$XDG_CONFIG_HOME/mlxk`) and the
profiles that ship need no trust. A file in a repository needs it for everything in `risks`; a file elsewhere,
which the user must have named, for what reads other files or runs code.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from mlxk.config import discovery, private
from mlxk.errors import ProfileError

_VERSION = 1


def state_file(environ: Mapping[str, str]) -> Path | None:
    """`None` where there is no home."""
    folder = discovery.state_folder(environ)
    return None if folder is None else folder / "trust.json"


def name(path: Path) -> str:
    """A file by its real place, however it is reached."""
    return str(path.resolve())


def digest(path: Path) -> str:
    """Of a file as it is now. Raises `OSError`."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(file: Path | None) -> dict[str, str]:
    """Digests of trusted contents by file. Raises `ProfileError` for what cannot be relied upon."""
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ProfileError(
                    f"{file} can be written by others", hint=f"look at it, then: chmod 600 {file}"
                )
            data = json.load(opened)
        if data["mlxk.trust"] != _VERSION:
            raise ProfileError(
                f"{file} is of another version of mlxk", hint="remove it, and trust files again"
            )
        files = data["files"]
        if not all(isinstance(digest, str) for digest in files.values()):
            raise TypeError("a digest is text")
        return dict(files)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ProfileError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "remove it, and trust files again: mlxk trust"
        raise ProfileError(f"{file} is damaged: nothing is trusted", hint=hint) from error


def write(file: Path | None, files: Mapping[str, str]) -> None:
    """Replace the file in one step; only the user may read it. Raises `ProfileError`."""
    if file is None:
        raise ProfileError("there is no home folder to keep trust in", hint="set HOME or XDG_STATE_HOME")
    text = json.dumps({"mlxk.trust": _VERSION, "files": dict(sorted(files.items()))}, indent=2) + "\n"
    try:
        private.write(file, text)
    except OSError as error:
        raise ProfileError(f"cannot write {file}: {error.strerror}") from error
