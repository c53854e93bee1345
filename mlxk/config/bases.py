"""What `extends` and `include` name: a file, or a profile that stands beside the file or that `-p` finds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlxk.config import discovery
from mlxk.config.diagnostics import nearest
from mlxk.config.discovery import Found


class NotThere(Exception):
    """Nothing has that name; `help` is the nearest one."""

    def __init__(self, message: str, help_text: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help_text


def included(reference: str, declared_in: Path, environ: Mapping[str, str]) -> Path:
    """The file that `include` names, from the folder of the file that says so. Raises `NotThere`."""
    return _file("include", reference, declared_in, environ)


def extended(
    reference: str, declared_in: Path, catalogue: Sequence[Found], environ: Mapping[str, str]
) -> Path:
    """The file of the profile that `extends` names in the file `declared_in`. Raises `NotThere`."""
    if discovery.is_file_reference(reference):
        return _file("extends", reference, declared_in, environ)
    for suffix in discovery.SUFFIXES:
        beside = declared_in.parent / f"{reference}{suffix}"
        if os.path.exists(beside) and beside != declared_in:
            return beside
    found = {item.name: item.path for item in catalogue}
    if reference in found:
        return found[reference]
    best = nearest(reference, found)
    help_text = f"did you mean `{best}`?" if best else "mlxk profiles lists what there is"
    raise NotThere("`extends` names a profile that is not there", help_text)


def _file(key: str, reference: str, declared_in: Path, environ: Mapping[str, str]) -> Path:
    path = discovery.absolute(reference, declared_in.parent, environ)
    if os.path.exists(path):
        return path
    raise NotThere(f"`{key}` names a file that is not there")
