"""`GET /v1/models` and `GET /v1/models/{model}`: https://docs.claude.com/en/api/models-list.

OpenAI's clients ask at the same path; Anthropic's name the version of their API in a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mlxk.protocols.anthropic.failures import error_body
from mlxk.protocols.base import Json, ModelCard, find_card

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("GET",)
SUBTREE: bool = True


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    """All models on one page, or the one that `tail` names."""
    if tail:
        return _model(find_card(tail, cards))
    return {
        "data": [_model(card) for card in cards],
        "has_more": False,
        "first_id": cards[0].id,
        "last_id": cards[-1].id,
    }


def _model(card: ModelCard) -> Json:
    return {
        "type": "model",
        "id": card.id,
        "display_name": card.id,
        "created_at": datetime.fromtimestamp(card.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": card.context_length,
        "max_tokens": card.context_length,
        "capabilities": None,
    }
