"""Which servers of this user run, and by which values: private notes that `mlxk up --plan` reads.

A note holds values as they may be shown, so no secret is in one. It goes with its server; what a server that
was killed left behind is removed by whoever finds it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mlxk.cli.serving import Configuration
from mlxk.config import discovery, private
from mlxk.config.difference import shown, whole_lists
from mlxk.config.effects import Effect, effect
from mlxk.config.origins import dotted, parse_dotted
from mlxk.config.values import leaves

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A server and its effective values by dotted key; those of single entries below `models`."""

    pid: int
    address: str
    name: str
    profile: str
    config_hash: str
    values: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Configuration, address: str) -> Running:
        return cls(
            os.getpid(),
            address,
            configuration.resolved.name,
            _profile(configuration),
            configuration.config_hash,
            values(configuration),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What a key is in a server, what it would become, and how."""

    key: str
    before: str
    after: str
    effect: Effect


class Note:
    """The note of the server in this process. One that cannot be written is told, and harms nothing."""

    def __init__(self, environ: Mapping[str, str], address: str) -> None:
        folder = _folder(environ)
        self._file = None if folder is None else folder / f"{os.getpid()}.json"
        self._address = address

    def write(self, configuration: Configuration) -> None:
        if self._file is None:
            return
        try:
            private.write(self._file, json.dumps(asdict(Running.of(configuration, self._address))))
        except OSError as error:
            logger.warning("mlxk up --plan will not know this server: %s", error)

    def remove(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


def of(configuration: Configuration, environ: Mapping[str, str]) -> list[Running]:
    """The servers that run this profile."""
    folder = _folder(environ)
    found = [_read(file) for file in sorted(folder.glob("*.json"))] if folder and folder.is_dir() else []
    wanted = configuration.resolved.name, _profile(configuration)
    return [item for item in found if item is not None and (item.name, item.profile) == wanted]


def changes(running: Running, configuration: Configuration) -> list[Change]:
    """What a server would change if it took this configuration."""
    new = values(configuration)
    return [
        Change(key, running.values.get(key, "not set"), new.get(key, "not set"), effect(parse_dotted(key)))
        for key in dict.fromkeys([*running.values, *new])
        if running.values.get(key) != new.get(key)
    ]


def values(configuration: Configuration) -> dict[str, str]:
    """Every effective value as it may be shown, by dotted key."""
    resolved = configuration.resolved
    said = {dotted(path): shown(resolved, path) for path in whole_lists(p for p, _ in leaves(resolved.tree))}
    for item in configuration.served if configuration.profile.models else ():
        for path in whole_lists(p for p, _ in leaves(item.tree)):
            said[dotted(("models", item.name, *path))] = shown(item, path)
    return said


def _profile(configuration: Configuration) -> str:
    """The profile's own file is the last that was read for it."""
    files = configuration.resolved.files
    return str(Path(files[-1]).resolve()) if files else ""


def _folder(environ: Mapping[str, str]) -> Path | None:
    state = discovery.state_folder(environ)
    return None if state is None else state / "servers"


def _read(file: Path) -> Running | None:
    """`None` for one that no living process wrote; that file goes."""
    try:
        running = Running(**json.loads(file.read_text(encoding="utf-8")))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError):
        with suppress(OSError):
            file.unlink()
        return None
    return running
