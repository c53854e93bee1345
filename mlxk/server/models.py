"""What the server serves: models under a name, each with its one way to generate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mlxk.engine.base import EngineStats
from mlxk.errors import MlxkError
from mlxk.events import Event
from mlxk.protocols.base import ModelCard
from mlxk.requests import GenerationRequest


class Residence(Protocol):
    """When a model is in memory, and what a request may say about it. Seconds; `None` is for good."""

    @property
    def name(self) -> str:
        """Of the engine; models that share one have the same."""
        ...

    @property
    def restarts(self) -> int:
        """How often the engine died and was started again."""
        ...

    @property
    def reason(self) -> MlxkError | None:
        """Why it cannot answer now: it cannot be loaded, or its engine died and is not there again."""
        ...

    async def load(self) -> None:
        """Load the model now; raises why it cannot be."""
        ...

    async def release(self) -> None:
        """Give the model's memory back: now, or when it has no more to do."""
        ...

    def keep(self, ttl: float | None) -> None:
        """Unload the model when it was idle for this long, until it is loaded anew; raises `RequestError`."""
        ...

    def during(self, ttl: float | None) -> AbstractContextManager[None]:
        """As `keep`, for a request in the block: its time begins behind it; raises `RequestError`."""
        ...

    def expires_at(self) -> float | None:
        """The Unix time at which the model leaves if nobody asks; `None` if it stays or is not there."""
        ...


class TokenReader(Protocol):
    """A model's tokens, without an engine."""

    async def encode(self, request: GenerationRequest, *, plain: bool) -> Sequence[int]:
        """The prompt of a request; `plain`: of its raw text, without a bos token. Raises `RequestError`."""
        ...

    async def spell(self, ids: Sequence[int]) -> Sequence[str]:
        """Each token's own text."""
        ...

    async def decode(self, ids: Sequence[int]) -> str:
        """Their text, special tokens spelled; raises `RequestError` for an id that is none."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens of a prompt, and what is to be told of it."""

    tokens: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedModel:
    """`generate` raises before its first event what can be known before it; cancelling ends it.

    `count` gives the tokens of a request's prompt, without an engine.
    `stats` tells the engine's state; it is asked once the engine was started.
    """

    card: ModelCard
    generate: Callable[[GenerationRequest], AsyncIterator[Event]]
    count: Callable[[GenerationRequest], Awaitable[Counted]]
    stats: Callable[[], Awaitable[EngineStats]]
    tokens: TokenReader
    residence: Residence
