"""What files ask for that needs the user's consent, and what is said to those that have none."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlxk.config import trust
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.risks import Ask


@dataclass(frozen=True, slots=True)
class Request:
    """A file that asks for consent, and whether it has it; `known` if this or another content of it has."""

    path: Path
    label: str
    digest: str
    asks: tuple[Ask, ...]
    trusted: bool
    known: bool


def is_trusted(path: Path, digest: str, environ: Mapping[str, str]) -> bool:
    """Whether the user trusts this content of a file. Raises `ProfileError`."""
    return trust.read(trust.state_file(environ)).get(trust.name(path)) == digest


def request(path: Path, label: str, digest: str, asks: Sequence[Ask], environ: Mapping[str, str]) -> Request:
    """What a file asks for, held against what the user trusts. Raises `ProfileError`."""
    known = trust.name(path) in trust.read(trust.state_file(environ))
    return Request(path, label, digest, tuple(asks), is_trusted(path, digest, environ), known)


def refusal(ask: Ask, by: Request, *, looks: bool) -> Diagnostic:
    """An ask that nobody consented to: a warning where files are only looked at."""
    command = f"mlxk trust {shlex.quote(by.label)}"
    changed = ("the file has changed since it was trusted",) if by.known else ()
    if looks:
        message = f"{ask.sentence}: run, chat and up want your consent"
        return Diagnostic("W004", message, ask.origin, command, changed, ask.path)
    message = f"{ask.sentence}, and nobody said that this file is trusted"
    return Diagnostic("E601", message, ask.origin, f"read the file, then: {command}", changed, ask.path)
