"""`GET /api/version`: clients switch features on by it, so it tells the dialect that is spoken here."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.ollama.common import error_body

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("GET",)
SUBTREE: bool = False

# The release of Ollama whose requests and answers these are: log-probabilities are its newest part.
DIALECT = "0.12.11"


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    return {"version": DIALECT}
