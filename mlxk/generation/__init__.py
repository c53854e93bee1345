"""The one generation path: request -> prompt -> token budget -> engine -> events.

`run`, `chat` and every route call `generate` and differ only in how they show its events. A problem that is
known before the first step is raised; one that comes later is the stream's last event, `Failed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from mlxk.engine.base import EngineStep
from mlxk.errors import MlxkError
from mlxk.events import Event, Failed
from mlxk.generation.output import Output
from mlxk.generation.preparation import Loaded, Prepared, count_prompt, prepare
from mlxk.requests import GenerationRequest

__all__ = ["Loaded", "Prepared", "count_prompt", "generate", "prepare"]


async def generate(
    loaded: Loaded, request: GenerationRequest, watch: Callable[[EngineStep], object] = lambda step: None
) -> AsyncGenerator[Event, None]:
    """Events of one generation, in the order that `mlxk.events` gives. `watch` sees the steps they come from.

    Closing the iterator cancels the generation; `engine.cancel` with the id of the `Start` event ends it in
    order, with a `Finish` that says `cancelled`. Raises `RequestError` or `EngineError` before `Start`.
    """
    prepared = await asyncio.to_thread(prepare, loaded, request)
    output = Output(loaded, prepared, loaded.text.decoder(prepared.prompt, request))
    try:
        async with aclosing(loaded.engine.generate(prepared.engine_request)) as steps:
            async for step in steps:
                watch(step)
                for event in output.feed(step):
                    yield event
                if output.wants_stop:
                    await loaded.engine.cancel(prepared.engine_request.id)
    except MlxkError as error:
        if not output.begun:
            raise
        yield Failed(error)
