"""The engine process under uvloop, which is what a server runs on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import uvloop

from mlxk.engine import EngineConfig, ProcessEngine
from mlxk.engine.base import EngineStep, Tokens
from mlxk.errors import EngineCrashed
from tests.engine.conftest import ask, ids_of, steps_of


def test_it_generates_dies_and_closes_there_too(qwen3_path: Path) -> None:
    config = EngineConfig(model_path=str(qwen3_path), context_length=4096)
    pids: list[int] = []

    async def rest(engine: ProcessEngine) -> list[EngineStep]:
        steps = engine.generate(ask(max_tokens=3000))
        while not isinstance(await steps.__anext__(), Tokens):
            pass
        os.kill(pids[-1], signal.SIGKILL)
        return [step async for step in steps]

    async def main() -> None:
        for _ in range(2):
            async with ProcessEngine(config) as engine:
                assert engine.pid is not None
                pids.append(engine.pid)
                assert len(ids_of(await steps_of(engine, ask()))) == 8
                if len(pids) == 2:
                    with pytest.raises(EngineCrashed):
                        await rest(engine)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
