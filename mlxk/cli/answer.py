"""One answer in a terminal: generate, show, and stop in order on Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from typing import Protocol

from mlxk.cli.interrupt import interruptible
from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.engine.base import EngineStep
from mlxk.events import (
    BlockStart,
    Collector,
    Completion,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
)
from mlxk.generation import Loaded, generate
from mlxk.requests import GenerationRequest


class Renderer(Protocol):
    """What shows events, one by one; raises the error that a `Failed` event carries."""

    def feed(self, event: Event) -> None: ...


class Answer:
    """One generation on its way to a renderer.

    After Ctrl-C the completion is what there was by then, with the finish reason `cancelled`. A second Ctrl-C
    calls `on_leave` and ends the process. `watch` sees the engine's steps.
    """

    def __init__(
        self,
        loaded: Loaded,
        request: GenerationRequest,
        on_leave: Callable[[], None] | None = None,
        watch: Callable[[EngineStep], object] = lambda step: None,
    ) -> None:
        self._loaded = loaded
        self._request = request
        self._on_leave = on_leave
        self._watch = watch
        self._id: str | None = None
        self._cancelling: asyncio.Task[None] | None = None

    async def show(self, renderer: Renderer | None, *, stream: bool = True) -> Completion:
        """Render the answer as it comes, or whole at its end (`stream=False`), or not at all (`None`)."""
        held_back: list[Event] = []
        feed = renderer.feed if renderer is not None and stream else held_back.append
        live = renderer is not None and stream
        completion = await interruptible(self._show(feed, live=live), self._cancel, self._on_leave)
        if renderer is not None:
            for event in held_back:
                renderer.feed(event)
        return completion

    async def _show(self, feed: Callable[[Event], None], *, live: bool) -> Completion:
        """`live`: the events are shown as they come, so that a line about waiting must go before them."""
        collector = Collector()
        async with aclosing(generate(self._loaded, self._request, self._watch)) as events:
            with ExitStack() as line:
                tell = line.enter_context(waiting("reading the prompt"))
                async for event in events:
                    match event:
                        case PromptProgress():
                            tell(f"reading the prompt: {event.processed:,} of {event.total:,} tokens")
                        case BlockStart() | Finish() | Failed() if live:
                            line.close()
                        case BlockStart():
                            tell("writing the answer")
                    feed(event)
                    self._note(event)
                    collector.feed(event)
        return collector.completion()

    def _note(self, event: Event) -> None:
        match event:
            case Start():
                self._id = event.id
                warnings = event.warnings
            case Finish():
                warnings = event.warnings
            case _:
                return
        for warning in warnings:
            note(f"warning: {warning}")

    def _cancel(self) -> bool:
        if self._id is None:
            return False
        self._cancelling = asyncio.ensure_future(self._loaded.engine.cancel(self._id))
        return True
