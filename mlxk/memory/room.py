"""Whether a model has room on this machine at all: one request with a short context, nothing else loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.engine.base import EngineConfig
from mlxk.errors import InsufficientMemory, ModelError
from mlxk.hub import preflight
from mlxk.hub.headers import Tensors
from mlxk.hub.preflight import Preflight
from mlxk.hub.sizes import show
from mlxk.memory.machine import Machine, machine
from mlxk.memory.need import Model


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes: what the first answer takes, and the most that models can have here."""

    needed: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.limit


def room_for(config: Mapping[str, Any], tensors: Tensors, here: Machine | None = None) -> Room:
    """For a model of which config.json and the headers of its weights are known; `here` spares a look.

    Raises `ModelError` where the arithmetic cannot tell.
    """
    here = here or machine()
    load = EngineConfig(model_path="", context_length=4096, max_concurrency=1, prompt_cache_bytes=0)
    need = Model(config, tensors).need(load, fused=here.fused_attention)
    # What Metal recommends does not change; what Linux calls available is only what is free just now.
    return Room(need.least, here.usable if sys.platform == "darwin" else here.total)


def room_to_fetch(found: Preflight, *, force: bool = False) -> Room | None:
    """The memory that a model of the hub takes, if that can be known; raises what speaks against fetching it.

    `force`: whether only a full disk does.
    """
    if found.objection is not None and not force:
        raise found.objection
    preflight.require_disk([found])
    if found.objection is not None or not found.weights_bytes:
        return None
    tensors = preflight.tensors(found)
    try:
        room = room_for(found.config, tensors)
    except ModelError:
        return None  # A family whose configuration has other names; nothing is wrong with the model.
    if not room.fits and not force:
        raise InsufficientMemory(
            f"{found.reference} needs at least {show(room.needed)} of memory, and this machine has "
            f"{show(room.limit)} for models",
            hint="use a smaller or more quantised one; --force fetches it all the same",
        )
    return room
