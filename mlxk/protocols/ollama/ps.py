"""`GET /api/ps`: the models in memory, and until when."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.ollama.common import error_body, timestamp
from mlxk.protocols.ollama.details import entry

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("GET",)
SUBTREE: bool = False

_LOADED = ("loading", "ready", "draining")
# Ollama's word for a model that stays is a moment in 2318, too: the longest of Go's durations from now.
_NEVER = "2318-01-01T00:00:00Z"


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    return {"models": [_loaded(card) for card in cards if card.state in _LOADED]}


def _loaded(card: ModelCard) -> Json:
    size = card.memory_bytes or card.details.bytes
    return {
        **entry(card),
        "size": size,
        "size_vram": size if card.details.accelerated else 0,
        "context_length": card.context_length,
        "expires_at": _NEVER if card.expires_at is None else timestamp(card.expires_at),
    }
