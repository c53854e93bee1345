"""A request is gone from memory with its answer: no collector has to find what is left of one that failed."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import httpx
import pytest

from mlxk.errors import ContextLengthExceeded
from mlxk.events import Event, Failed, Start
from mlxk.requests import GenerationRequest
from tests.server.conftest import Running
from tests.server.scripted import CREATED, Script, script_of


def messages(said: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": said}]}


BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "/v1/chat/completions": messages,
    "/v1/messages": lambda said: {**messages(said), "max_tokens": 5},
    "/v1/responses": lambda said: {"input": said},
    "/api/chat": messages,
}


class Prompt:
    """Stands for what a large prompt takes while it is worked on."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.usefixtures("uncollected")
def test_nothing_of_a_request_stays(start_server: Callable[..., Running], path: str) -> None:
    alive: WeakSet[Prompt] = WeakSet()
    made: list[str] = []

    async def generate(request: GenerationRequest) -> AsyncIterator[Event]:
        prompt = Prompt()
        alive.add(prompt)
        made.append(script_of(request))
        if made[-1] == "refused":
            raise ContextLengthExceeded("The prompt is too long.", param="messages")
        yield Start("gen-1", "scripted", CREATED)
        try:
            raise ContextLengthExceeded("The prompt is too long.", param="messages")
        except ContextLengthExceeded as error:
            yield Failed(error)

    server = start_server(models=[replace(Script().served(), generate=generate)])
    with httpx.Client(base_url=server.address) as client:
        for said in ("refused", "begun"):
            for stream in (True, False):
                body = {**BODIES[path](said), "model": "scripted", "stream": stream}
                assert "too long" in client.post(path, json=body).text
                # The connection is free for this one when the first request is over.
                assert client.get("/health/live").status_code == 200
                assert made.pop() == said
                assert list(alive) == [], stream
