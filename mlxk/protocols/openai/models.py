"""`GET /v1/models` and `GET /v1/models/{model}`."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.protocols.base import Json, ModelCard, find_card
from mlxk.protocols.openai.common import error_body

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("GET",)
SUBTREE: bool = True


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    """All models, or the one that `tail` names.

    `context_length`, `aliases` and `state` extend the dialect.
    """
    if not tail:
        return {"object": "list", "data": [_model(card) for card in cards]}
    return _model(find_card(tail, cards))


def _model(card: ModelCard) -> Json:
    return {
        "id": card.id,
        "object": "model",
        "created": card.created,
        "owned_by": "mlxk",
        "context_length": card.context_length,
        "aliases": card.aliases,
        "state": card.state,
    }
