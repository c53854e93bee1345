"""What only an engine in its own process promises: how it dies, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ProcessEngine
from mlxk.engine.base import EngineStep, Prefill, Tokens
from mlxk.errors import EngineCrashed, EngineError, EngineUnavailable
from tests.engine.conftest import ask, ids_of, steps_of
from tests.models import make_qwen3


def config(path: Path, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(path), "context_length": 4096} | changes)


async def drained(steps: AsyncIterator[EngineStep]) -> list[EngineStep]:
    return [step async for step in steps]


async def gone(pid: int) -> None:
    """Until no process has this id, a zombie included."""
    async with asyncio.timeout(5):
        while _alive(pid):  # noqa: ASYNC110 - another process's end raises no event here
            await asyncio.sleep(0.005)


def _alive(pid: int) -> bool:
    """Whether the id is taken; a zombie keeps it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_child_fails_its_streams_at_once(qwen3_path: Path) -> None:
    async with ProcessEngine(config(qwen3_path)) as engine:
        assert engine.pid is not None
        killed = {}

        async def read(name: str) -> float:
            steps = engine.generate(ask(name, max_tokens=3000))
            while not isinstance(await steps.__anext__(), Tokens):
                pass
            if name == "b":
                killed["at"] = time.monotonic()
                os.kill(engine.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed, match="SIGKILL"):
                await drained(steps)
            return time.monotonic()

        pid = engine.pid
        ended = await asyncio.gather(read("a"), read("b"))
        assert max(ended) - killed["at"] < 0.1
        assert isinstance(await engine.died(), EngineCrashed)
        assert (await engine.stats()).state == "dead"
        with pytest.raises(EngineUnavailable):
            await steps_of(engine, ask("c"))
        await gone(pid)


async def test_leaving_ends_the_child(qwen3_path: Path) -> None:
    async with ProcessEngine(config(qwen3_path)) as engine:
        pid = engine.pid
        assert pid is not None
        reading = asyncio.create_task(steps_of(engine, ask(max_tokens=3000)))
        while not (await engine.stats()).running:  # noqa: ASYNC110 - only stats tell
            await asyncio.sleep(0.001)
    await gone(pid)
    with pytest.raises(EngineUnavailable, match="closed"):
        await reading


async def test_ctrl_c_does_not_reach_the_child(qwen3_path: Path) -> None:
    async with ProcessEngine(config(qwen3_path)) as engine:
        assert engine.pid is not None
        assert os.getsid(engine.pid) == engine.pid
        os.kill(engine.pid, signal.SIGINT)
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_cancelling_the_start_leaves_no_child(qwen3_path: Path) -> None:
    engine = ProcessEngine(config(qwen3_path))
    entering = asyncio.create_task(engine.__aenter__())
    while engine.pid is None:  # noqa: ASYNC110 - nothing else tells
        await asyncio.sleep(0.001)
    pid = engine.pid
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    await gone(pid)


def _runs(pid: int) -> bool:
    """Whether it still runs: an orphan may stay a zombie until init takes note."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] not in ("", "Z")


FRONT = """
import asyncio, os, sys
from mlxk.engine import EngineConfig, ProcessEngine
from tests.engine.conftest import ask

async def main():
    config = EngineConfig(model_path=sys.argv[1], context_length=1 << 20, prefill_step=1 << 20)
    async with ProcessEngine(config) as engine:
        steps = engine.generate(ask(prompt=(20,) * int(sys.argv[2])))
        await steps.__anext__()
        imported = {name.partition(".")[0] for name in sys.modules}
        print(engine.pid, ",".join(imported & {"mlx", "mlx_lm", "transformers"}), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def front(path: Path, prompt_tokens: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", FRONT, str(path), str(prompt_tokens)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


async def test_a_dead_front_ends_the_child_in_the_middle_of_a_prefill(tmp_path: Path) -> None:
    path = make_qwen3(tmp_path / "model", layers=8, hidden=256)
    with front(path, 12_000) as process:
        assert process.stdout is not None
        pid, imported = (await asyncio.to_thread(process.stdout.readline)).rstrip("\n").split(" ")
        assert imported == ""
        assert _alive(int(pid))
        process.kill()
        killed = time.monotonic()
        async with asyncio.timeout(5):
            while await asyncio.to_thread(_runs, int(pid)):
                pass
        assert time.monotonic() - killed < 0.5


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("limits", [{"hang_seconds": 0.4}, {"freeze_seconds": 0.4}])
async def test_a_stopped_child_is_found_and_killed(
    qwen3_path: Path, limits: dict[str, float], busy: bool
) -> None:
    engine = ProcessEngine(config(qwen3_path), heartbeat_seconds=0.05, **limits)
    async with engine:
        reading = asyncio.create_task(steps_of(engine, ask(max_tokens=3000))) if busy else None
        assert engine.pid is not None
        await asyncio.sleep(0.6)  # longer than hang_seconds: an idle child shows that it lives
        assert (await engine.stats()).state == "ready"
        os.kill(engine.pid, signal.SIGSTOP)
        async with asyncio.timeout(3):
            assert isinstance(await engine.died(), EngineCrashed)
        if reading is not None:
            with pytest.raises(EngineCrashed):
                await reading


async def test_a_child_is_not_blamed_for_a_pause_of_its_front(qwen3_path: Path) -> None:
    engine = ProcessEngine(config(qwen3_path), heartbeat_seconds=0.05, freeze_seconds=0.4)
    async with engine:
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        time.sleep(0.6)  # noqa: ASYNC251 - as when the lid of a laptop was closed: both stand still
        os.kill(engine.pid, signal.SIGCONT)
        await asyncio.sleep(0.6)
        assert (await engine.stats()).state == "ready"


async def test_a_child_that_stands_still_while_it_loads_is_found(qwen3_path: Path) -> None:
    engine = ProcessEngine(config(qwen3_path), heartbeat_seconds=0.05, freeze_seconds=0.4)
    entering = asyncio.create_task(engine.__aenter__())
    while engine.pid is None:  # noqa: ASYNC110 - nothing else tells
        await asyncio.sleep(0.001)
    pid = engine.pid
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(10):
        with pytest.raises(EngineCrashed, match="stood still"):
            await entering
    await gone(pid)


async def test_a_signal_without_a_name_is_told_too(qwen3_path: Path) -> None:
    async with ProcessEngine(config(qwen3_path)) as engine:
        assert engine.pid is not None
        os.kill(engine.pid, 35)
        async with asyncio.timeout(3):
            assert "signal 35" in (await engine.died()).message


async def test_a_child_that_cannot_be_started_is_an_error_in_words(
    qwen3_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(EngineError, match="cannot be started"):
        async with ProcessEngine(config(qwen3_path)):
            pass


async def test_giving_up_on_the_end_does_not_keep_the_child(qwen3_path: Path) -> None:
    engine = await ProcessEngine(config(qwen3_path)).__aenter__()
    pid = engine.pid
    assert pid is not None
    leaving = asyncio.create_task(engine.__aexit__(None, None, None))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await gone(pid)


async def test_a_stopped_child_does_not_outlive_its_front(qwen3_path: Path) -> None:
    with front(qwen3_path, 20) as process:
        assert process.stdout is not None
        pid = int((await asyncio.to_thread(process.stdout.readline)).split(" ")[0])
        os.kill(pid, signal.SIGSTOP)
        process.kill()
        if sys.platform != "linux":
            os.kill(pid, signal.SIGCONT)  # there it finds out when it goes on
        async with asyncio.timeout(5):
            while await asyncio.to_thread(_runs, pid):
                pass


async def test_what_the_child_prints_is_logged(qwen3_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="mlxk.engine.printed")
    async with ProcessEngine(config(qwen3_path)) as engine:
        pid = engine.pid
    assert any(f"[{pid}] INFO mlxk.engine.worker" in message for message in caplog.messages)


async def test_progress_arrives_while_the_prompt_is_processed(qwen3_path: Path) -> None:
    async with ProcessEngine(config(qwen3_path, prefill_step=64)) as engine:
        steps = await steps_of(engine, ask(prompt=tuple(range(20, 260)) * 4))
        progress = [step.processed for step in steps if isinstance(step, Prefill)]
    assert progress[0] == 0
    assert progress[-1] == 959
    assert len(progress) == 1 + 15
