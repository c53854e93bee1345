"""One answer in a terminal: generate, show, and stop in order on Ctrl-C."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from mlxk.cli.interrupt import interruptible
from mlxk.cli.loading import note
from mlxk.events import Collector, Completion, Event, Finish, Start
from mlxk.generation import Loaded, generate
from mlxk.render.terminal import TerminalRenderer
from mlxk.requests import GenerationRequest


class Answer:
    """One generation on its way to a renderer.

    After Ctrl-C the completion is what there was by then, with the finish reason `cancelled`.
    """

    def __init__(self, loaded: Loaded, request: GenerationRequest) -> None:
        self._loaded = loaded
        self._request = request
        self._id: str | None = None
        self._cancelling: asyncio.Task[None] | None = None

    async def show(self, renderer: TerminalRenderer | None, *, stream: bool = True) -> Completion:
        """Render the answer as it comes, or whole at its end (`stream=False`), or not at all (`None`)."""
        return await interruptible(self._show(renderer, stream=stream), self._cancel)

    async def _show(self, renderer: TerminalRenderer | None, *, stream: bool) -> Completion:
        collector = Collector()
        held_back: list[Event] = []
        async with aclosing(generate(self._loaded, self._request)) as events:
            async for event in events:
                self._watch(event)
                collector.feed(event)
                if renderer is not None:
                    if stream:
                        renderer.feed(event)
                    else:
                        held_back.append(event)
        for event in held_back:
            if renderer is not None:
                renderer.feed(event)
        return collector.completion()

    def _watch(self, event: Event) -> None:
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
