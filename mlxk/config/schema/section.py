"""What every section of the profile language has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A mapping in a profile: unknown keys are errors, values never change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def choices(meanings: Mapping[str, str], **more: Any) -> Any:
    """Schema extras of a `Literal` field: what each value means, in the order of the values."""
    return {"enumDescriptions": list(meanings.values()), **more}


# How a change takes effect in a running server: `live`, `reload` (the model) or `restart` (the server). It
# stands in the schema extras of a section for all its keys, and in those of a key for itself.
TAKES_EFFECT = "x-takes-effect"
RELOAD = ConfigDict(json_schema_extra={TAKES_EFFECT: "reload"})
RESTART = ConfigDict(json_schema_extra={TAKES_EFFECT: "restart"})

Text = Annotated[str, Field(min_length=1)]
