"""An engine that outlives its engines: when one dies, the next is started.

States: `starting` (the first start, and every restart with its back-off), `ready`, `draining` (told to
finish what runs and take no more), `dead` (closed, or given up after a crash loop). While it is not ready,
`generate` raises `EngineUnavailable`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

import msgspec

from mlxk.engine.base import Engine, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineError, EngineUnavailable, MlxkError

logger = logging.getLogger(__name__)

State = Literal["starting", "ready", "draining", "dead"]


class MortalEngine(Engine, Protocol):
    """An engine that can die by itself, and says when it did."""

    async def died(self) -> MlxkError: ...

    def limit(self, memory_bytes: int) -> None: ...


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The pause before restart n is `first_pause * 2**n`, at most `longest_pause` seconds.

    More than `limit` deaths in `window` seconds are a crash loop: no more restarts.
    """

    first_pause: float = 0.5
    longest_pause: float = 30.0
    limit: int = 5
    window: float = 300.0


class Supervisor:
    """Owns the engines that `factory` makes, one at a time."""

    def __init__(self, factory: Callable[[], MortalEngine], policy: RestartPolicy | None = None) -> None:
        self._factory = factory
        self._policy = policy or RestartPolicy()
        self._state: State = "dead"
        self._settled = asyncio.Event()
        self._engine: MortalEngine | None = None
        self._stack = AsyncExitStack()
        self._keeper: asyncio.Task[None] | None = None
        self._deaths: deque[float] = deque()
        self._open = 0
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._failure: MlxkError | None = None
        self._restarts = 0
        self._memory_bytes: int | None = None

    @property
    def state(self) -> State:
        return self._state

    async def settled(self) -> None:
        """Wait until it is no longer starting."""
        await self._settled.wait()

    def _become(self, state: State) -> None:
        self._state = state
        if state == "starting":
            self._settled.clear()
        else:
            self._settled.set()

    @property
    def restarts(self) -> int:
        """How often an engine was started again."""
        return self._restarts

    @property
    def failure(self) -> MlxkError | None:
        """Why the last engine died or could not start, if one did."""
        return self._failure

    async def __aenter__(self) -> Self:
        self._become("starting")
        try:
            await self._start()
        except BaseException:
            self._become("dead")
            raise
        self._keeper = asyncio.create_task(self._keep(), name="mlxk-supervisor")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._become("dead")
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        await self._stack.aclose()
        self._engine = None

    async def _start(self) -> None:
        """Raises `EngineUnavailable` if it was closed meanwhile; then no engine is left."""
        self._engine = await self._stack.enter_async_context(self._factory())
        if self._state == "dead":
            self._engine = None
            await self._stack.aclose()
            raise EngineUnavailable("the engine was closed while it started")
        if self._memory_bytes is not None:
            self._engine.limit(self._memory_bytes)
        if self._state == "starting":
            self._become("ready")

    async def _keep(self) -> None:
        try:
            await self._supervise()
        except Exception as error:
            # The edge of a task that nobody awaits: a state that stays as it was would be a lie.
            logger.exception("an engine is not started again")
            self._failure = EngineError(f"the engine cannot be started again: {error}")
            self._become("dead")

    async def _supervise(self) -> None:
        """Wait for deaths; restart until told to stop or a crash loop shows."""
        while self._engine is not None:
            self._bury(await self._engine.died())
            await self._stack.aclose()
            while self._state == "starting" and not await self._restarted():
                pass
            if self._state == "dead":
                return

    def _bury(self, error: MlxkError) -> None:
        now = asyncio.get_running_loop().time()
        self._failure = error
        self._engine = None
        self._deaths.append(now)
        while now - self._deaths[0] > self._policy.window:
            self._deaths.popleft()
        if len(self._deaths) > self._policy.limit or self._state == "draining":
            logger.error("the engine died and is not started again: %s", error)
            self._become("dead")
        else:
            logger.warning("the engine died and is started again: %s", error)
            self._become("starting")

    async def _restarted(self) -> bool:
        pause = self._policy.first_pause * 2 ** (len(self._deaths) - 1)
        await asyncio.sleep(min(pause, self._policy.longest_pause))
        self._restarts += 1
        try:
            await self._start()
        except MlxkError as error:
            self._bury(error)
            return False
        return True

    def limit(self, memory_bytes: int) -> None:
        """The most bytes that its engine, and those that come after it, are to hold from now on."""
        self._memory_bytes = memory_bytes
        if self._engine is not None:
            self._engine.limit(memory_bytes)

    async def drain(self, seconds: float) -> bool:
        """Take no more; wait for what runs. True when all of it ended in time."""
        if self._state != "dead":
            self._become("draining")
        try:
            await asyncio.wait_for(self._none_open.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        if self._state != "ready" or self._engine is None:
            raise EngineUnavailable(
                f"the engine is {self._state}", hint=None if self._failure is None else self._failure.message
            )
        self._open += 1
        self._none_open.clear()
        try:
            async with aclosing(self._engine.generate(request)) as steps:
                async for step in steps:
                    yield step
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()

    async def cancel(self, request_id: str) -> None:
        if self._engine is not None:
            await self._engine.cancel(request_id)

    async def stats(self) -> EngineStats:
        if self._engine is None:
            return EngineStats(state=self._state, running=0, waiting=0)
        return msgspec.structs.replace(await self._engine.stats(), state=self._state)
