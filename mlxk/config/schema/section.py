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


Text = Annotated[str, Field(min_length=1)]
