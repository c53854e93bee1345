"""An engine whose tokens are scripted: the whole `Engine` contract without mlx, for tests of its users."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

from mlxk.engine.base import (
    Done,
    DoneReason,
    EngineConfig,
    EngineRequest,
    EngineStats,
    EngineStep,
    Prefill,
    Tokens,
)
from mlxk.errors import EngineCrashed, EngineUnavailable, MlxkError, RequestError

Script = Callable[[EngineRequest], Sequence[int]]


def noise(request: EngineRequest) -> Sequence[int]:
    """Tokens that depend on the prompt, and on the seed where the temperature is not zero."""
    seed = request.sampling.seed if request.sampling.temperature else 0
    source = random.Random(f"{request.prompt} {seed}")
    return [source.randrange(20, 200) for _ in range(request.max_tokens)]


class ScriptedEngine:
    """Gives `script(request)`, one token a turn of the event loop.

    The script is cut by stop tokens, `max_tokens` and `cancel`; a script that ends by itself ends with
    `stop`. Each generation is recorded in `requests`. Before token `n`, `hold(id, n)` is awaited; `crash`
    ends everything as the death of an engine process does; `fail_start` is raised on entering.
    """

    def __init__(
        self,
        script: Script | Sequence[int] = noise,
        *,
        config: EngineConfig | None = None,
        hold: Callable[[str, int], object] | None = None,
        fail_start: MlxkError | None = None,
    ) -> None:
        self._script: Script = script if callable(script) else lambda _: script
        self._config = config or EngineConfig(model_path="scripted", context_length=4096)
        self._hold = hold
        self._fail_start = fail_start
        self._slots = asyncio.Semaphore(self._config.max_concurrency)
        self._state: str = "dead"
        self._died: asyncio.Future[MlxkError] | None = None
        self._cancelled: dict[str, asyncio.Event] = {}
        self._running = 0
        self.requests: list[EngineRequest] = []

    async def __aenter__(self) -> Self:
        if self._fail_start is not None:
            raise self._fail_start
        self._state, self._died = "ready", asyncio.get_running_loop().create_future()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._state = "dead"

    def crash(self) -> None:
        """Die, as a killed engine process would."""
        assert self._died is not None
        self._state = "dead"
        self._died.set_result(EngineCrashed("the scripted engine crashed"))
        for cancelled in self._cancelled.values():
            cancelled.set()

    def limit(self, memory_bytes: int) -> None:
        """It holds next to nothing."""

    async def died(self) -> MlxkError:
        assert self._died is not None
        return await asyncio.shield(self._died)

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        if self._state != "ready":
            raise EngineUnavailable(f"the engine is {self._state}")
        if request.id in self._cancelled:
            raise RequestError(f"a generation with the id {request.id!r} is already running")
        if not request.prompt:
            raise RequestError("the prompt has no tokens", param="prompt")
        self.requests.append(request)
        cancelled = self._cancelled[request.id] = asyncio.Event()
        try:
            async with aclosing(self._steps(request, cancelled)) as steps:
                async for step in steps:
                    self._check_alive()
                    yield step
        finally:
            del self._cancelled[request.id]

    def _check_alive(self) -> None:
        if self._died is not None and self._died.done():
            raise self._died.result()

    async def _steps(
        self, request: EngineRequest, cancelled: asyncio.Event
    ) -> AsyncGenerator[EngineStep, None]:
        arrived = time.monotonic()
        if not await self._slot(cancelled):
            yield _done(request, "cancelled", 0, arrived)
            return
        self._running += 1
        try:
            total = len(request.prompt)
            yield Prefill(processed=total - 1, total=total, cached=0)
            produced, reason = 0, "stop"
            for token in self._script(request):
                await asyncio.sleep(0)
                if self._hold is not None:
                    await _first(self._hold(request.id, produced), cancelled)
                if cancelled.is_set():
                    reason = "cancelled"
                    break
                produced += 1
                yield _tokens(request, token)
                if token in request.stop_tokens:
                    break
                if produced >= request.max_tokens:
                    reason = "length"
                    break
            yield _done(request, reason, produced, arrived)
        finally:
            self._running -= 1
            self._slots.release()

    async def _slot(self, cancelled: asyncio.Event) -> bool:
        acquired = asyncio.ensure_future(self._slots.acquire())
        try:
            await _first(acquired, cancelled)
        except asyncio.CancelledError:
            acquired.cancel()
            raise
        if cancelled.is_set():
            if acquired.done():
                self._slots.release()
            acquired.cancel()
            return False
        return True

    async def cancel(self, request_id: str) -> None:
        if (cancelled := self._cancelled.get(request_id)) is not None:
            cancelled.set()

    async def stats(self) -> EngineStats:
        waiting = len(self._cancelled) - self._running
        return EngineStats(state=self._state, running=self._running, waiting=waiting)


async def _first(awaitable: object, cancelled: asyncio.Event) -> None:
    """Wait for one of the two."""
    futures = {asyncio.ensure_future(awaitable), asyncio.ensure_future(cancelled.wait())}
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            if not isinstance(awaitable, asyncio.Future) or future is not awaitable:
                future.cancel()


def _tokens(request: EngineRequest, token: int) -> Tokens:
    if request.top_logprobs is None:
        return Tokens((token,))
    top = tuple((token + other, -float(other) - 0.1) for other in range(request.top_logprobs))
    return Tokens((token,), (-0.1,), (top,))


def _done(request: EngineRequest, reason: DoneReason, produced: int, arrived: float) -> Done:
    return Done(
        reason=reason,
        prompt_tokens=len(request.prompt),
        cached_tokens=0,
        completion_tokens=produced,
        queue_seconds=0.0,
        first_token_seconds=0.0,
        total_seconds=time.monotonic() - arrived,
    )
