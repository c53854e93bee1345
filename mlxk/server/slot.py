"""One set of weights in the pool: the engine that the names and variants which share them use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Literal, Protocol, Self

from mlxk.engine import Supervisor
from mlxk.engine.base import EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineUnavailable, MlxkError, RequestError
from mlxk.server.alarm import Alarm
from mlxk.server.wishes import Claim, Stay

State = Literal["asleep", "loading", "ready", "draining", "failed"]

# A slot's state in the words of an engine's.
_ENGINE_STATES: Mapping[State, Literal["unloaded", "starting", "ready", "draining", "dead"]] = {
    "asleep": "unloaded",
    "loading": "starting",
    "ready": "ready",
    "draining": "draining",
    "failed": "dead",
}

# An engine's death is known to its supervisor within milliseconds.
_RETRY_SECONDS = 0.01
_TRIES = 200


class Keeper(Protocol):
    """What a slot needs of its pool."""

    def use(self, slot: Slot) -> AbstractAsyncContextManager[Supervisor]: ...

    async def load(self, slot: Slot) -> None: ...

    async def end(self, slot: Slot) -> None: ...

    def wake(self) -> None: ...


class Slot:
    """An `Engine` whose start and end are the pool's business."""

    def __init__(self, keeper: Keeper, config: EngineConfig, claim: Claim, stay: Stay) -> None:
        self._keeper = keeper
        self.config = config
        self.claim = claim
        self.stay = stay
        self.names: list[str] = []
        self.engine: Supervisor | None = None
        self.loading: asyncio.Task[Supervisor] | None = None
        self.failure: MlxkError | None = None
        self.draining = False
        self.ending: asyncio.Task[None] | None = None
        self._restarts = 0  # of engines that are gone
        self.retiring = False  # another engine took over; this one finishes what it has
        self.active = 0  # uses of the engine
        self.pending = 0  # those that wait for a load and get its engine whatever comes after
        self.held = 0  # requests that say how long it stays behind them
        self.users = 0  # all that want the engine, also those that wait for its turn
        self.last_used = 0.0
        self.turn_over = 0.0  # it leaves for others that wait no sooner, unless it is idle
        self._kept: Stay | None = None
        self._alarm = Alarm(self._expire)
        self._enders: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        return self.names[0] if self.names else self.config.model_path

    @property
    def size(self) -> int:
        """Bytes that it takes now, or is about to."""
        gone = self.engine is None or (self.engine.state == "dead" and not self.ending and not self.loading)
        return 0 if gone else self.claim.size

    @property
    def restarts(self) -> int:
        """How often its engine died and was started again."""
        return self._restarts + (0 if self.engine is None else self.engine.restarts)

    @property
    def resident(self) -> bool:
        return self.engine is not None

    @property
    def idle(self) -> bool:
        return not self.active and not self.pending

    @property
    def movable(self) -> bool:
        """Whether it may leave for another, now or when it is idle."""
        stays = self.stay.pinned or self.retiring or self.ending is not None
        return self.resident and not stays and self.loading is None

    @property
    def state(self) -> State:
        if self.loading is not None:
            return "loading"
        if self.draining or self.ending:
            return "draining"
        if self.engine is None:
            return "asleep" if self.failure is None else "failed"
        match self.engine.state:
            case "starting":
                return "loading"
            case "dead":
                return "failed"
            case alive:
                return alive

    @property
    def reason(self) -> MlxkError | None:
        """Why it cannot answer, or had to be started again and is not there yet."""
        if self.engine is None:
            return self.failure
        return None if self.engine.state == "ready" else self.engine.failure

    async def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        """Steps of the engine; one that just died, which its supervisor does not know yet, is waited for."""
        left = _TRIES
        while True:
            begun, left = False, left - 1
            async with self._keeper.use(self) as engine:
                try:
                    async with aclosing(engine.generate(request)) as steps:
                        async for step in steps:
                            begun = True
                            yield step
                    return
                except EngineUnavailable:
                    if begun or engine.state != "ready" or not left:
                        raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def cancel(self, request_id: str) -> None:
        if self.engine is not None:
            await self.engine.cancel(request_id)

    async def stats(self) -> EngineStats:
        state = _ENGINE_STATES[self.state]
        if self.engine is None or self.engine.state == "dead" or self.state == "loading":
            return EngineStats(state=state, running=0, waiting=self.users)
        stats = await self.engine.stats()
        return EngineStats(
            state=state,
            running=stats.running,
            waiting=stats.waiting + self.users - self.active,
            active_bytes=stats.active_bytes,
            peak_bytes=stats.peak_bytes,
            cache_bytes=stats.cache_bytes,
        )

    async def __aenter__(self) -> Self:
        """Load now rather than at the first request."""
        await self.load()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._keeper.end(self)

    async def load(self) -> None:
        """Load the model now, also one that failed; raises why it cannot be."""
        await self._keeper.load(self)

    async def release(self) -> None:
        """Give the memory back, now or behind the last answer; raises `RequestError` if it is pinned."""
        self.keep(0.0)

    def keep(self, ttl: float | None) -> None:
        """Unload when idle for `ttl` seconds (`None`: stay), until it is loaded anew.

        A model that its profile pins stays for longer than anybody asks; raises `RequestError` for 0.
        """
        if self.stay.pinned and self.stay.ttl is None:
            if ttl == 0:
                raise RequestError(
                    f"The model '{self.name}' stays in memory: its profile says `ttl: never`.",
                    param="keep_alive",
                )
            return
        self._kept = Stay(ttl)
        self.rest()

    @contextmanager
    def during(self, ttl: float | None) -> Iterator[None]:
        """As `keep`, for a request in the block: the time begins behind it. A refused one changes nothing."""
        before = wanted = self._kept
        self.held += 1
        try:
            self.keep(ttl)
            wanted = self._kept
            yield
        except MlxkError:
            if self._kept is wanted:
                self._kept = before
            raise
        finally:
            self.held -= 1
            self.rest()

    def expires_at(self) -> float | None:
        """The Unix time at which the model leaves if nobody asks; `None` if it stays or is not there."""
        return self._alarm.rings_at()

    def part(self) -> None:
        """Its engine ended. What was asked for the last stay does not count for the next."""
        self._restarts, self.engine = self.restarts, None
        self._kept = None

    def stir(self) -> None:
        """Somebody asks: its time stops."""
        self._alarm.stop()

    def rest(self) -> None:
        """If nobody uses it now, its time runs."""
        if self.users or self.held or self.loading is not None:
            return
        self.stir()
        ttl = (self._kept or self.stay).ttl
        if ttl is not None and self.engine is not None:
            self._alarm.set(ttl)

    def _expire(self) -> None:
        if self.idle and not self.users and not self.held:
            task = asyncio.create_task(self._keeper.end(self))
            self._enders.add(task)
            task.add_done_callback(self._enders.discard)

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Somebody wants the engine, for as long as the block."""
        self.users += 1
        self.stir()
        try:
            yield
        finally:
            self.users -= 1
            self.last_used = asyncio.get_running_loop().time()
            self.rest()
            self._keeper.wake()
