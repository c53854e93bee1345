"""Whether a model has room on this machine at all: one request with a short context, nothing else loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.engine.base import EngineConfig
from mlxk.hub.headers import Tensors
from mlxk.memory import Machine, Model, machine


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes: what the first answer takes, and the most that models can have here."""

    needed: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.limit


def room_for(config: Mapping[str, Any], tensors: Tensors, here: Machine | None = None) -> Room:
    """For a model of which config.json and the headers of its weights are known; `here` spares a look."""
    here = here or machine()
    load = EngineConfig(model_path="", context_length=4096, max_concurrency=1, prompt_cache_bytes=0)
    need = Model(config, tensors).need(load, fused=here.fused_attention)
    # What Metal recommends does not change; what Linux calls available is only what is free just now.
    return Room(need.least, here.usable if sys.platform == "darwin" else here.total)
