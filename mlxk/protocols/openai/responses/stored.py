"""Responses that are kept, so that later ones can build upon them and callers can ask for them.

A record holds a response, its own input items, and so the id of the response before it: a conversation is a
chain of records, and ends where one of them is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, TypeAdapter

from mlxk.errors import PreviousResponseNotFound, RequestError, ResponseNotFound
from mlxk.protocols.base import Json, Store
from mlxk.protocols.openai.responses.items import Item, ItemReference, MessageItem
from mlxk.protocols.openai.responses.output import RESPONSE, response_of
from mlxk.protocols.validation import Body, validate

Stored = dict[str, Any]

_ITEMS: TypeAdapter[list[Item]] = TypeAdapter(list[Item])


class Record(msgspec.Struct, frozen=True):
    """`input` are the items that the request itself had."""

    response: Stored
    input: list[Stored]

    @property
    def items(self) -> list[Stored]:
        output: list[Stored] = self.response["output"]
        return [*self.input, *output]


def keep(store: Store, items: Sequence[Item], response: Json) -> None:
    response_id = str(response["id"])
    record = {
        "response": response,
        "input": [_stored(item, response_id, at) for at, item in enumerate(items)],
    }
    store.keep(response_id, msgspec.json.encode(record))


def _stored(item: Item, response: str, at: int) -> Stored:
    said = item.model_dump(mode="json", exclude_none=True)
    said["id"] = said.get("id") or f"in_{response.removeprefix(RESPONSE)}_{at}"
    if isinstance(item, MessageItem) and item.role == "assistant":
        # What was said as a plain string stands where an answer's text stands.
        for part in said["content"]:
            if part["type"] == "input_text":
                part |= {"type": "output_text", "annotations": []}
    if said["type"] != "reasoning":
        said.setdefault("status", "completed")
    return said


def recall(store: Store, response_id: str) -> Record:
    """Raises `ResponseNotFound`."""
    data = store.recall(response_id)
    if data is None:
        raise ResponseNotFound(f"Response with id '{response_id[:100]}' not found.")
    return msgspec.json.decode(data, type=Record)


def history(store: Store, response_id: str | None) -> list[Item]:
    """All items of a response and those before it, oldest first; raises `PreviousResponseNotFound`."""
    said: list[list[Stored]] = []
    while response_id is not None:
        try:
            record = recall(store, response_id)
        except ResponseNotFound:
            raise PreviousResponseNotFound(
                f"Previous response with id '{response_id[:100]}' not found.",
                hint="It was not stored, or is no longer: send the whole conversation as input.",
                param="previous_response_id",
            ) from None
        said.append(record.items)
        response_id = record.response["previous_response_id"]
    return _ITEMS.validate_python([item for items in reversed(said) for item in items])


def resolved(store: Store, items: Sequence[Item]) -> list[Item]:
    """The items, each reference replaced by what it refers to; raises `ResponseNotFound`."""
    return [
        _referred(store, item, at) if isinstance(item, ItemReference) else item
        for at, item in enumerate(items)
    ]


def _referred(store: Store, reference: ItemReference, at: int) -> Item:
    data = store.recall(response_of(reference.id))
    record = None if data is None else msgspec.json.decode(data, type=Record)
    found = [] if record is None else [item for item in record.items if item["id"] == reference.id]
    if not found:
        raise ResponseNotFound(
            f"Item with id '{reference.id[:100]}' not found.",
            hint="It was not stored, or is no longer: send the item itself.",
            param=f"input[{at}].id",
        )
    return _ITEMS.validate_python(found[:1])[0]


class Listing(Body):
    """The query of a list of input items; its values are text."""

    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None


def listed(store: Store, response_id: str, query: Mapping[str, str]) -> Json:
    """The items that a response was made of; raises `RequestError`."""
    said = validate(Listing, {name: value for name, value in query.items() if name != "include[]"})
    record = recall(store, response_id)
    before = history(store, record.response["previous_response_id"])
    items = [*(item.model_dump(mode="json", exclude_none=True) for item in before), *record.input]
    if said.order == "desc":
        items.reverse()
    ids = [str(item["id"]) for item in items]
    if said.after is not None:
        if said.after not in ids:
            raise RequestError("No item has this id.", param="after")
        start = ids.index(said.after) + 1
        items, ids = items[start:], ids[start:]
    page = items[: said.limit]
    return {
        "object": "list",
        "data": page,
        "first_id": ids[0] if page else None,
        "last_id": ids[len(page) - 1] if page else None,
        "has_more": len(items) > len(page),
    }
