"""`mlxk list`: the models in the hub's cache."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.notes import note
from mlxk.cli.table import lines
from mlxk.engine.architectures import model_types
from mlxk.errors import ModelError
from mlxk.hub import facts, health
from mlxk.hub.cache import CachedModel, cached_models
from mlxk.hub.files import read_json
from mlxk.hub.headers import Tensors
from mlxk.hub.health import Finding
from mlxk.hub.sizes import show
from mlxk.memory import Machine, machine
from mlxk.memory.room import room_for

_TITLES = ("MODEL", "SIZE", "WEIGHTS", "TYPE", "CONTEXT", "HEALTH", "FITS", "LAST USED")

_SPARE = ("LAST USED", "CONTEXT", "TYPE", "WEIGHTS")


@dataclass(frozen=True, slots=True)
class _Listed:
    """One model with all that the list tells. `fits` is unknown of models that are not healthy."""

    model: CachedModel
    config: dict[str, Any]
    findings: list[Finding]
    fits: bool | None

    @property
    def row(self) -> tuple[str, ...]:
        context = facts.context_length(self.config)
        return (
            self.model.reference,
            show(self.model.size),
            facts.quantization(self.config) or "?",
            str(self.config.get("model_type", "?")),
            f"{context:,}" if context else "?",
            health.verdict(self.findings),
            {True: "yes", False: "no", None: "?"}[self.fits],
            time.strftime("%Y-%m-%d", time.localtime(self.model.last_used)),
        )

    @property
    def data(self) -> dict[str, Any]:
        return {
            "model": self.model.reference,
            "commit": self.model.commit,
            "refs": list(self.model.refs),
            "path": str(self.model.path),
            "size_bytes": self.model.size,
            "partial_bytes": self.model.partial,
            "quantization": facts.quantization(self.config) or None,
            "model_type": self.config.get("model_type"),
            "context_length": facts.context_length(self.config),
            "health": health.verdict(self.findings),
            "findings": [item.message for item in self.findings],
            "fits_memory": self.fits,
            "last_used": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.model.last_used)),
        }


def list_(
    *words: str,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """List the models in the hub's cache: size, weights, context, health, and whether memory has room.

    FITS says whether this machine has memory for a short answer at least; `mlxk show MODEL` tells more.

    Example: mlxk list qwen

    Parameters
    ----------
    words
        Only models whose name has one of these in it.
    json_
        For programs.
    """
    wanted = [word.casefold() for word in words]
    models = [
        model
        for model in cached_models()
        if not wanted or any(word in model.reference.casefold() for word in wanted)
    ]
    types, here = model_types(), machine()
    listed = [_listed(model, types, here) for model in models]
    if json_:
        print(json.dumps([item.data for item in listed], indent=2, ensure_ascii=False))
        return 0
    if not listed:
        note("there are no such models in the cache; mlxk pull org/name fetches one")
    for line in lines(_TITLES, [item.row for item in listed], spare=_SPARE):
        print(line)
    for repo, partial in {model.repo: model.partial for model in models if model.partial}.items():
        note(
            f"{repo}: {show(partial)} are left of a download that did not end; mlxk pull or mlxk rm clears it"
        )
    return 0


def _listed(model: CachedModel, types: frozenset[str], here: Machine) -> _Listed:
    try:
        config = read_json(model.path / "config.json", model.repo)
    except ModelError:
        config = {}
    seen = health.examine(model.path, model.repo, snapshot=model.snapshot, model_types=types)
    return _Listed(model, config, seen.findings, None if seen.findings else _fits(config, seen.tensors, here))


def _fits(config: dict[str, Any], tensors: Tensors, here: Machine) -> bool | None:
    try:
        return room_for(config, tensors, here).fits
    except ModelError:
        return None  # A family whose configuration has other names; nothing is wrong with the model.
