"""One request's generations while they run: started together, read as one stream, ended together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from mlxk.errors import EngineError, MlxkError
from mlxk.events import Collector, Completion, Event, Failed, Finish, Start
from mlxk.requests import GenerationRequest
from mlxk.server.mailbox import Item, Mailbox, Overflow
from mlxk.server.meter import Meter

logger = logging.getLogger(__name__)

Generate = Callable[[GenerationRequest], AsyncIterator[Event]]


class Answer:
    """An async context manager: leaving it, on any way out, cancels what still runs and waits for that.

    `on_overflow` is called when the client reads too slowly; it should end the connection. `meter` hears
    every event as it comes.
    """

    def __init__(
        self,
        generate: Generate,
        requests: Sequence[GenerationRequest],
        *,
        on_overflow: Callable[[], None],
        meter: Meter,
    ) -> None:
        self._meter = meter
        self._generate = generate
        self._requests = requests
        self._on_overflow = on_overflow
        self._mailbox = Mailbox()
        self._tasks: list[asyncio.Task[None]] = []
        self._open = set(range(len(requests)))
        self._early: list[Item] = []
        self._warnings: dict[str, None] = {}

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._pump(choice, request)) for choice, request in enumerate(self._requests)
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def size(self) -> int:
        """How many generations it counts as; to load a model takes a place too."""
        return max(len(self._requests), 1)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What generation warned of so far, each once."""
        return tuple(self._warnings)

    def interrupt(self, error: MlxkError) -> None:
        """End the answer with an error, as if generation had failed."""
        for choice in sorted(self._open):
            self._post(choice, Failed(error))

    async def accepted(self, patience: float) -> None:
        """Wait until each generation has begun, at most `patience` seconds; raises why one cannot."""
        unheard = set(self._open)
        try:
            async with asyncio.timeout(patience):
                while unheard:
                    items = await self._mailbox.take()
                    self._early += items
                    for choice, event in items:
                        _raise_failure(event)
                        unheard.discard(choice)
        except TimeoutError:
            logger.debug("headers are sent before generation began: the engine is busy")

    async def events(self, patience: float | None = None) -> AsyncIterator[list[Item]]:
        """Batches until the last generation is over; an empty one after `patience` silent seconds."""
        while self._open:
            items, self._early = self._early or await self._mailbox.take(patience), []
            for choice, event in items:
                if isinstance(event, Finish | Failed):
                    self._open.discard(choice)
            yield items

    async def completions(self) -> list[Completion]:
        """The whole answer; raises the first failure."""
        collectors = [Collector() for _ in self._requests]
        async for items in self.events():
            for choice, event in items:
                collectors[choice].feed(event)
        return [collector.completion() for collector in collectors]

    async def _pump(self, choice: int, request: GenerationRequest) -> None:
        events = self._generate(request)
        try:
            over = False
            async for event in events:
                over = over or isinstance(event, Finish | Failed)
                if isinstance(event, Start | Finish) and event.warnings:
                    self._warnings |= dict.fromkeys(event.warnings)
                self._put(choice, event)
            if not over:
                self._post(choice, Failed(EngineError("The generation ended without saying why.")))
        except MlxkError as error:
            self._post(choice, Failed(error))
        except Overflow:
            self._on_overflow()
        except Exception:
            # The edge: a bug in a generation must not leave its client waiting.
            logger.exception("generation failed unexpectedly")
            self._post(choice, Failed(EngineError("The generation failed unexpectedly.")))
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    def _post(self, choice: int, event: Event) -> None:
        try:
            self._put(choice, event)
        except Overflow:
            self._on_overflow()

    def _put(self, choice: int, event: Event) -> None:
        self._meter.feed(choice, event)
        self._mailbox.put(choice, event)


def _raise_failure(event: Event) -> None:
    if isinstance(event, Failed):
        raise event.error
