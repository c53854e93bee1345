"""`mlxk up --plan`: what a server would do with a profile as it is now, without doing it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from mlxk.cli import running, table
from mlxk.cli.serving import Configuration
from mlxk.config.effects import Effect
from mlxk.hub import sizes

_MEANINGS: Mapping[Effect, str] = MappingProxyType(
    {"live": "at once", "reload": "loads the model anew", "restart": "waits for a restart"}
)


@dataclass(frozen=True, slots=True)
class _Model:
    """`bytes` is what it takes of memory, by the arithmetic."""

    name: str
    model: str
    loaded: str
    bytes: int


def preview(configuration: Configuration, *, as_json: bool) -> None:
    """Print it: what would change in each server of the profile, or what would start."""
    servers = running.of(configuration, os.environ)
    if as_json:
        print(json.dumps(_document(configuration, servers), indent=2, ensure_ascii=False))
        return
    for server in servers:
        print(f"{server.name} at {server.address} (process {server.pid}), config {server.config_hash[:12]}")
        found = running.changes(server, configuration)
        rows = [(one.key, one.before, one.after, _MEANINGS[one.effect]) for one in found]
        print("\n".join(table.lines(("KEY", "IS", "BECOMES", "HOW"), rows)) or "nothing would change")
    if not servers:
        place = configuration.profile.server.listen
        print(f"no server of {configuration.resolved.name} runs; at {place} it would serve")
        rows = [(one.name, one.model, one.loaded, sizes.show(one.bytes)) for one in _models(configuration)]
        print("\n".join(table.lines(("NAME", "MODEL", "LOADED", "MEMORY"), rows)))


def _document(configuration: Configuration, servers: list[running.Running]) -> dict[str, object]:
    return {
        "profile": configuration.resolved.name,
        "config_hash": configuration.config_hash,
        "listen": configuration.profile.server.listen,
        "models": [asdict(model) for model in _models(configuration)],
        "servers": [
            {
                "pid": server.pid,
                "address": server.address,
                "config_hash": server.config_hash,
                "changes": [asdict(change) for change in running.changes(server, configuration)],
            }
            for server in servers
        ],
    }


def _models(configuration: Configuration) -> list[_Model]:
    return [
        _Model(
            plan.name,
            plan.facts.reference,
            "at the start" if wish.stay.preload else "when asked",
            wish.claim.size,
        )
        for plan, wish in zip(configuration.plans, configuration.wishes, strict=True)
    ]
