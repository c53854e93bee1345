"""A store for tests of responses, and ways to parse with it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlxk.events import Collector, Event
from mlxk.protocols.base import Json, ModelCard, ParsedRequest
from mlxk.protocols.openai import responses
from mlxk.requests import GenerationRequest

CARD = ModelCard("demo", 1_700_000_000, 4096, "c0ffee")


class Kept:
    """Keeps everything; satisfies `Store`."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    def keep(self, response_id: str, record: bytes) -> None:
        self.records[response_id] = record

    def recall(self, response_id: str) -> bytes | None:
        return self.records.get(response_id)

    def forget(self, response_id: str) -> None:
        self.records.pop(response_id, None)


def parsed(kept: Kept | None = None, /, **fields: object) -> ParsedRequest:
    return responses.parse({"input": "hi", **fields}, kept or Kept())


def request_of(kept: Kept | None = None, /, **fields: object) -> GenerationRequest:
    (request,) = parsed(kept, **fields).generations
    return request


def answer(events: Sequence[Event], kept: Kept | None = None, /, **fields: object) -> Json:
    """The whole answer, as a client reads it."""
    collector = Collector()
    for event in events:
        collector.feed(event)
    body = parsed(kept, **fields).encoder(CARD).body([collector.completion()])
    return msgspec.json.decode(msgspec.json.encode(body))


def stream(events: Sequence[Event], kept: Kept | None = None, /, **fields: object) -> list[Json]:
    encoder = parsed(kept, **fields).encoder(CARD)
    return frames(b"".join(encoder.feed(0, event) for event in events) + encoder.end())


def frames(data: bytes) -> list[Json]:
    """The bodies of frames; each frame's event is its body's type."""
    bodies = []
    for frame in data.decode().split("\n\n")[:-1]:
        event, _, body = frame.partition("\ndata: ")
        bodies.append(msgspec.json.decode(body))
        assert event == f"event: {bodies[-1]['type']}"
    return bodies
