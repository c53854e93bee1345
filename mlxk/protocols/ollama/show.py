"""`POST /api/show`: one model in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mlxk.errors import RequestError
from mlxk.protocols.base import Json, ModelCard, find_card
from mlxk.protocols.ollama.common import error_body
from mlxk.protocols.ollama.details import details, modified
from mlxk.protocols.validation import Body, validate

__all__ = ["METHODS", "SUBTREE", "answer", "error_body"]

METHODS: tuple[str, ...] = ("POST",)
SUBTREE: bool = False


class ShowBody(Body):
    """`name` is the older name of `model`. Nothing is shortened here that `verbose` would bring."""

    model: str | None = None
    name: str | None = None
    verbose: bool | None = None


def answer(tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
    said = validate(ShowBody, body)
    if said.model and said.name and said.model != said.name:
        raise RequestError("'model' and 'name' are two names of one field, and they differ.", param="name")
    card = find_card(said.model or said.name or "", cards)
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
