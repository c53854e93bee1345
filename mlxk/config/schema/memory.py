"""When the models of `mlxk up` are in memory: `preload` and `ttl` of each, `memory` of all."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.notation import PART, SIZE, TIME, pattern
from mlxk.config.schema.section import Section, Text, choices


class Residence(Section):
    """When a model of `mlxk up` is in memory."""

    preload: bool | None = Field(
        None,
        description="Load the model when the server starts, rather than when it is first asked. Without it, "
        "a profile's only model is loaded, and the entries of `models` are not.",
        examples=[True],
    )
    ttl: Text | None = Field(
        None,
        description="Unload the model when nobody used it for this long: a number with s, m or h. With "
        "`never` it leaves for no other model. Without it, it stays until another needs the room.",
        examples=["15m", "30s", "2h", "never"],
        json_schema_extra={"pattern": pattern(TIME, "never")},
    )


class MemorySection(Section):
    """How much `mlxk up` keeps in memory. `mlxk plan` shows what models take."""

    budget: Text | None = Field(
        None,
        description="What all models may take together, at the most: a size, or a part of the machine's "
        "memory. A model counts with its weights, the full context of all requests it answers at a time, and "
        "its prompt cache; one that cannot fit is refused. Without it, a model must fit the memory that "
        "is free, with a short context.",
        examples=["24GB", "75%", "20GiB"],
        json_schema_extra={"pattern": pattern(SIZE, PART)},
    )
    evict: Literal["lru", "never"] = Field(
        "lru",
        description="Who makes room for another model.",
        examples=["lru"],
        json_schema_extra=choices(
            {
                "lru": "The one unused for longest, unless its `ttl` is `never`.",
                "never": "Nobody: a model for which there is no room is refused.",
            }
        ),
    )
    max_models: int | None = Field(
        None,
        ge=1,
        description="How many models may be in memory at a time. Without it, as many as fit.",
        examples=[1, 2],
    )
    wait: Text = Field(
        "5m",
        description="How long a request waits for its model to be loaded, or for its turn, before it gets "
        "503: a number with s, m or h.",
        examples=["30s", "10m"],
        json_schema_extra={"pattern": pattern(TIME)},
    )
