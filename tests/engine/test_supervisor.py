"""An engine that dies is started again, within limits."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from mlxk.engine import EngineConfig, ProcessEngine, RestartPolicy, Supervisor
from mlxk.engine.base import EngineStep, Tokens
from mlxk.errors import EngineCrashed, EngineUnavailable, ModelError
from tests.engine.conftest import ask, done_of, ids_of, steps_of
from tests.engine.scripted import ScriptedEngine

QUICK = RestartPolicy(first_pause=0.001, longest_pause=0.01, limit=3)


class Factory:
    """Makes scripted engines and remembers them; `broken` ones fail to start."""

    def __init__(self) -> None:
        self.made: list[ScriptedEngine] = []
        self.broken = False

    def __call__(self) -> ScriptedEngine:
        error = ModelError("broken") if self.broken else None
        self.made.append(ScriptedEngine(fail_start=error))
        return self.made[-1]


async def rest_of(steps: AsyncIterator[EngineStep]) -> list[EngineStep]:
    return [step async for step in steps]


async def until(supervisor: Supervisor, state: str, restarts: int = 0) -> None:
    async with asyncio.timeout(5):
        while (supervisor.state, supervisor.restarts >= restarts) != (state, True):  # noqa: ASYNC110 - the state is what a client can see
            await asyncio.sleep(0.001)


async def test_the_next_engine_takes_over() -> None:
    factory = Factory()
    async with Supervisor(factory, QUICK) as supervisor:
        steps = supervisor.generate(ask(max_tokens=3000))
        while not isinstance(await steps.__anext__(), Tokens):
            pass
        factory.made[0].crash()
        with pytest.raises(EngineCrashed):
            await rest_of(steps)
        await until(supervisor, "ready", restarts=1)
        assert len(ids_of(await steps_of(supervisor, ask()))) == 8
        assert supervisor.restarts == 1
        assert isinstance(supervisor.failure, EngineCrashed)
        assert len(factory.made) == 2


async def test_a_crash_loop_is_given_up() -> None:
    factory = Factory()
    async with Supervisor(factory, QUICK) as supervisor:
        factory.broken = True
        factory.made[0].crash()
        await until(supervisor, "dead")
        assert len(factory.made) == 1 + QUICK.limit
        with pytest.raises(EngineUnavailable) as caught:
            await steps_of(supervisor, ask())
        assert caught.value.hint == "broken"
        assert (await supervisor.stats()).state == "dead"


async def test_a_first_start_that_fails_is_told_as_it_is() -> None:
    factory = Factory()
    factory.broken = True
    with pytest.raises(ModelError, match="broken"):
        async with Supervisor(factory, QUICK):
            pass


async def test_a_restart_that_fails_for_another_reason_is_told() -> None:
    class Failing(Factory):
        def __call__(self) -> ScriptedEngine:
            if self.made:
                raise BlockingIOError(11, "no more processes")
            return super().__call__()

    factory = Failing()
    async with Supervisor(factory, QUICK) as supervisor:
        factory.made[0].crash()
        await until(supervisor, "dead")
        assert supervisor.failure is not None
        assert "no more processes" in supervisor.failure.message


async def test_one_that_is_closed_while_it_starts_keeps_no_engine() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    ended = []

    class Slow(ScriptedEngine):
        async def __aenter__(self) -> Self:
            started.set()
            await go_on.wait()
            return await super().__aenter__()

        async def __aexit__(self, *reason: Any) -> None:
            ended.append(self)
            await super().__aexit__(*reason)

    supervisor = Supervisor(Slow, QUICK)
    entering = asyncio.create_task(supervisor.__aenter__())
    await started.wait()
    await supervisor.__aexit__(None, None, None)
    go_on.set()
    with pytest.raises(EngineUnavailable, match="closed while it started"):
        await entering
    assert len(ended) == 1
    assert supervisor.state == "dead"


async def test_while_it_restarts_it_is_unavailable() -> None:
    factory = Factory()
    async with Supervisor(factory, RestartPolicy(first_pause=60, longest_pause=60)) as supervisor:
        factory.made[0].crash()
        await until(supervisor, "starting")
        with pytest.raises(EngineUnavailable, match="starting"):
            await steps_of(supervisor, ask())
        assert (await supervisor.stats()).state == "starting"


async def test_draining_finishes_what_runs_and_takes_no_more() -> None:
    async with Supervisor(Factory(), QUICK) as supervisor:
        running = supervisor.generate(ask("running", max_tokens=50))
        await running.__anext__()
        draining = asyncio.create_task(supervisor.drain(5))
        await until(supervisor, "draining")
        with pytest.raises(EngineUnavailable, match="draining"):
            await steps_of(supervisor, ask("late"))
        rest = await rest_of(running)
        assert done_of(rest).completion_tokens == 50
        assert await draining


async def test_draining_does_not_wait_for_ever() -> None:
    async with Supervisor(Factory(), QUICK) as supervisor:
        running = supervisor.generate(ask("running", max_tokens=50))
        await running.__anext__()
        assert not await supervisor.drain(0.01)
        await running.aclose()


async def test_closing_the_reader_cancels_in_the_engine() -> None:
    factory = Factory()
    async with Supervisor(factory, QUICK) as supervisor:
        steps = supervisor.generate(ask(max_tokens=3000))
        await steps.__anext__()
        await steps.aclose()
        assert (await supervisor.stats()).running == 0


async def test_a_killed_process_is_replaced(qwen3_path: Path) -> None:
    made: list[ProcessEngine] = []

    def factory() -> ProcessEngine:
        made.append(ProcessEngine(EngineConfig(model_path=str(qwen3_path), context_length=4096)))
        return made[-1]

    async with Supervisor(factory, QUICK) as supervisor:
        before = ids_of(await steps_of(supervisor, ask()))
        assert made[0].pid is not None
        os.kill(made[0].pid, signal.SIGKILL)
        await until(supervisor, "ready", restarts=1)
        assert ids_of(await steps_of(supervisor, ask())) == before
    assert len(made) == 2
