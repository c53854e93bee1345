"""How a change of each key takes effect in a server that runs.

The sections say it, in their schema: `live` unless a section or a key says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, cast

from mlxk.config import shape
from mlxk.config.origins import KeyPath
from mlxk.config.schema import Profile
from mlxk.config.schema.section import TAKES_EFFECT

Effect = Literal["live", "reload", "restart"]

# In the order of how much they disturb.
SENTENCES: Mapping[Effect, str] = MappingProxyType(
    {
        "live": "In a running server, a change applies at once.",
        "reload": "In a running server, a change loads the model anew, beside the old one if there is room.",
        "restart": "A change needs a restart of the server.",
    }
)


def effect(path: KeyPath) -> Effect:
    """How a change at this place of a profile takes effect."""
    annotation: Any = Profile
    found: Effect = "live"
    for segment in path:
        section = shape.as_section(annotation)
        info = shape.fields(section).get(str(segment)) if section is not None else None
        if section is not None and info is not None:
            found = (
                said(info.json_schema_extra) or said(section.model_config.get("json_schema_extra")) or "live"
            )
        annotation = shape.child(annotation, segment)
    return found


def said(extra: object) -> Effect | None:
    """What schema extras say about it."""
    return cast(Effect | None, extra.get(TAKES_EFFECT)) if isinstance(extra, dict) else None
