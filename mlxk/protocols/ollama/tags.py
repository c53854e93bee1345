"""`GET /api/tags`: the models that are served."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.ollama.common import error_body
from mlxk.protocols.ollama.details import entry, modified

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("GET",)
SUBTREE: bool = False


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    return {"models": [{**entry(card), "modified_at": modified(card)} for card in cards]}
