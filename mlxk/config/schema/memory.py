"""When the models of `mlxk up` are in memory: `preload` and `ttl` of each, `memory` of all."""

from __future__ import annotations

from pydantic import Field

from mlxk.config.schema.section import Section, Text


class Residence(Section):
    """When a model of `mlxk up` is in memory."""

    preload: bool | None = Field(
        None,
        description="Load the model when the server starts, rather than when it is first asked. Without it, "
        "a profile's only model is loaded, and the entries of `models` are not.",
        examples=[True],
    )
    ttl: Text = Field(
        "never",
        description="Unload the model when nobody used it for this long: a number with s, m or h; `never` "
        "keeps it.",
        examples=["15m", "30s", "2h", "never"],
        json_schema_extra={"pattern": r"^([0-9]+(\.[0-9]+)?[smh]|never|\$\{.*)$"},
    )


class MemorySection(Section):
    """How much `mlxk up` keeps in memory."""

    max_models: int | None = Field(
        None,
        ge=1,
        description="How many models may be in memory at a time; the one unused for longest makes room. "
        "Without it, all of them.",
        examples=[1, 2],
    )
