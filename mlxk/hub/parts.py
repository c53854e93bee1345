"""What a profile puts beside a model's own files: an adapter, a draft model."""

from __future__ import annotations

from dataclasses import dataclass

from mlxk.hub.adapter import AdapterFacts
from mlxk.hub.facts import ModelFacts


@dataclass(frozen=True, slots=True)
class Parts:
    """Facts about them; they were read and checked."""

    adapter: AdapterFacts | None = None
    draft: ModelFacts | None = None
