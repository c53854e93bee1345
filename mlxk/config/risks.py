"""What a file may ask for that its reader should know of first: one table.

A file that came with a repository was written by somebody else. These of its settings reach beyond the
answers of a model, so they need the user's consent (see `trust`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mlxk.config.notation import is_loopback, split_listen
from mlxk.config.origins import KeyPath, Origin, dotted
from mlxk.config.values import Items, Scalar, Table, Value


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a file asks for: `what` it does, and where the file says so."""

    what: str
    origin: Origin
    path: KeyPath

    @property
    def sentence(self) -> str:
        return f"`{dotted(self.path)}` {self.what}"


@dataclass(frozen=True, slots=True)
class Risk:
    """`keys` end the path of the setting. `anywhere` holds for files outside of repositories too.

    `asked` sees the value, and the root of the file's repository if it is in one.
    """

    keys: tuple[str, ...]
    what: str
    asked: Callable[[Value, Path | None], bool]
    anywhere: bool = False


def _is_true(value: Value, _root: Path | None) -> bool:
    return isinstance(value, Scalar) and value.value is True


def _is_open(value: Value, _root: Path | None) -> bool:
    address = (
        split_listen(value.value) if isinstance(value, Scalar) and isinstance(value.value, str) else None
    )
    return address is not None and not is_loopback(address[0])


def _leaves(value: Value, root: Path | None) -> bool:
    if root is None or not isinstance(value, Scalar) or not isinstance(value.value, str):
        return False
    return not Path(value.value).resolve().is_relative_to(root.resolve())


def _is_elsewhere(value: Value, _root: Path | None) -> bool:
    """Whether one of these hosts is not, or may not be, this machine."""
    return not isinstance(value, Items) or any(_place(item) != "127.0.0.1" for item in value.items)


def _place(host: Value) -> object:
    if isinstance(host, Table) and (entry := host.entries.get("ssh")) is not None:
        host = entry.value
    return host.value if isinstance(host, Scalar) else None


def _is_said(value: Value, _root: Path | None) -> bool:
    return not (isinstance(value, Scalar) and value.value is None and value.expression is None)


def _is_nothing(value: Value, _root: Path | None) -> bool:
    match value:
        case Items():
            return not value.items and not value.appends
        case Scalar():
            # What could not be filled in is not nothing.
            return value.value is None and value.expression is None
        case Table():
            return False


def _is_something(value: Value, _root: Path | None) -> bool:
    return isinstance(value, Items) and bool(value.items)


RISKS = (
    Risk(
        ("model", "trust_remote_code"), "runs Python code that comes with the model", _is_true, anywhere=True
    ),
    Risk(("server", "listen"), "opens the server to the network", _is_open),
    Risk(("server", "api_keys"), "lets clients in without an API key", _is_nothing),
    Risk(("server", "pull"), "lets clients download models onto this machine", _is_something),
    Risk(("engine", "distributed", "hosts"), "starts programs on other machines", _is_elsewhere),
    Risk(("engine", "distributed", "python"), "says which program to start", _is_said),
    Risk(("engine", "prompt_cache", "path"), "writes prompts to a folder outside of its project", _leaves),
)
# `${file:}` may stand in any value.
OUTSIDE = "reads a file outside of its project"


def asked(table: Table, root: Path | None) -> Iterator[Ask]:
    """What the values of a file ask for, its paths whole; `root` is that of its repository, if it has one."""
    for path, value in _places(table, ()):
        for risk in RISKS:
            known = path[-len(risk.keys) :] == risk.keys and (root is not None or risk.anywhere)
            if known and risk.asked(value, root):
                yield Ask(risk.what, value.origin, path)


def _places(value: Value, path: KeyPath) -> Iterator[tuple[KeyPath, Value]]:
    """Every value below tables."""
    if path:
        yield path, value
    if isinstance(value, Table):
        for key, entry in value.entries.items():
            yield from _places(entry.value, (*path, key))
