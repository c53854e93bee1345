"""What the server serves: models under a name, each with its one way to generate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from mlxk.engine.base import EngineStats
from mlxk.events import Event
from mlxk.protocols.base import ModelCard
from mlxk.requests import GenerationRequest


@dataclass(frozen=True, slots=True)
class ServedModel:
    """`generate` raises before its first event what can be known before it; cancelling ends it.

    `count` gives the tokens of a request's prompt, without an engine.
    `stats` tells the engine's state; it is asked once the engine was started.
    """

    card: ModelCard
    generate: Callable[[GenerationRequest], AsyncIterator[Event]]
    count: Callable[[GenerationRequest], Awaitable[int]]
    stats: Callable[[], Awaitable[EngineStats]]
