"""A model as Ollama's lists describe it."""

from __future__ import annotations

from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.ollama.common import tagged, timestamp

_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def entry(card: ModelCard) -> dict[str, object]:
    """What the lists of served and of loaded models have in common."""
    name = tagged(card.id)
    return {
        "name": name,
        "model": name,
        "size": card.details.bytes,
        "digest": card.config_hash,
        "details": details(card),
    }


def details(card: ModelCard) -> Json:
    facts = card.details
    return {
        "parent_model": "",
        "format": "safetensors",
        "family": facts.family,
        "families": [facts.family],
        "parameter_size": _short(facts.parameters),
        "quantization_level": facts.quantization,
    }


def modified(card: ModelCard) -> str:
    return timestamp(card.details.modified)


def _short(count: int) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{name}"
    return str(count)
