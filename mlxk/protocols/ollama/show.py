"""`POST /api/show`: one model in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mlxk.protocols.base import Json, ModelCard, find_card
from mlxk.protocols.ollama.common import NamedBody, error_body
from mlxk.protocols.ollama.details import details, modified
from mlxk.protocols.validation import validate

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("POST",)
SUBTREE: bool = False


class ShowBody(NamedBody):
    """Nothing is shortened here that `verbose` would bring."""

    verbose: bool | None = None


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    said = validate(ShowBody, body)
    card = find_card(said.called, cards)
    settings = card.details.settings
    return {
        "modelfile": _modelfile(card, settings),
        "parameters": "\n".join(f"{name:<30} {_value(value)}" for name, value in _flat(settings)),
        "template": card.details.template,
        "details": details(card),
        "model_info": _info(card),
        "capabilities": list(card.details.capabilities),
        "modified_at": modified(card),
    }


def _info(card: ModelCard) -> Json:
    """The window is the one that requests may use."""
    facts = card.details
    return {
        "general.architecture": facts.family,
        "general.basename": card.id,
        "general.parameter_count": facts.parameters,
        **{f"{facts.family}.{name}": value for name, value in facts.shape.items()},
        f"{facts.family}.context_length": card.context_length,
    }


def _modelfile(card: ModelCard, settings: Mapping[str, object]) -> str:
    lines = [f"PARAMETER {name} {_value(value)}" for name, value in _flat(settings)]
    return "\n".join(("# Declared in a profile of mlxk", f"FROM {card.id}", *lines))


def _flat(settings: Mapping[str, object]) -> list[tuple[str, object]]:
    """A list is its name again for each item."""
    return [
        (name, item)
        for name, value in settings.items()
        for item in (value if isinstance(value, list | tuple) else [value])
    ]


def _value(value: object) -> str:
    return msgspec.json.encode(value).decode()
