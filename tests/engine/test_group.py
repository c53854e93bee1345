"""Ranks in processes of their own, on this machine: one text, one life, one end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from mlxk.engine import EngineConfig, GroupEngine, ProcessEngine, RestartPolicy, Supervisor
from mlxk.engine.base import KVQuantization, RegexConstraint
from mlxk.errors import EngineCrashed, ModelError
from tests.engine.conftest import ask, distributed, done_of, ids_of, steps_of
from tests.models import make_gpt_oss, make_llama, make_qwen2, make_qwen3

PROMPTS = [tuple(range(20 + 7 * index, 60 + 19 * index)) for index in range(4)]


def config(path: Path, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(path), "context_length": 4096, "prefill_step": 32} | changes)


async def texts(engine: GroupEngine | ProcessEngine, **changes: object) -> list[list[int]]:
    requests = [ask(str(index), prompt, **changes) for index, prompt in enumerate(PROMPTS)]
    return [ids_of(steps) for steps in await asyncio.gather(*(steps_of(engine, each) for each in requests))]


Make = Callable[[Path], Path]
make_wide_gpt_oss = partial(make_gpt_oss, kv_heads=2)


@pytest.mark.parametrize(
    ("make", "mode"),
    [
        (make_llama, "tensor"),
        (make_wide_gpt_oss, "tensor"),
        (make_qwen2, "tensor"),
        (make_qwen2, "pipeline"),
    ],
    ids=["llama", "gpt-oss", "qwen2", "qwen2-pipeline"],
)
async def test_greedy_text_is_that_of_one_process(
    make: Make, mode: Literal["tensor", "pipeline"], tmp_path: Path
) -> None:
    """Prompts in several chunks, then again out of the prompt cache, which gives up entries meanwhile."""
    alone = config(make(tmp_path / "model"), prompt_cache_bytes=100_000)
    async with ProcessEngine(alone) as engine:
        wanted = await texts(engine, max_tokens=24)
    async with GroupEngine(distributed(alone, mode=mode), heartbeat_seconds=0.05) as engine:
        assert await texts(engine, max_tokens=24) == wanted
        assert await texts(engine, max_tokens=24) == wanted
        async with asyncio.timeout(5):
            while (await engine.stats()).cache_bytes > 100_000:  # noqa: ASYNC110 - only stats tell
                await asyncio.sleep(0.001)
        assert (await engine.stats()).cache_bytes
        longer = PROMPTS[0] + tuple(wanted[0])
        assert done_of(await steps_of(engine, ask("next", longer))).prompt_tokens == len(longer)


async def test_all_of_a_request_reaches_every_rank(tmp_path: Path) -> None:
    alone = config(make_qwen3(tmp_path / "model", hidden=256), kv=KVQuantization(bits=8, group_size=32))
    wishes: dict[str, object] = {
        "max_tokens": 24,
        "temperature": 1.0,
        "top_p": 0.9,
        "repetition_penalty": 1.2,
        "seed": 5,
        "top_logprobs": 2,
    }
    async with ProcessEngine(alone) as engine:
        wanted = await texts(engine, **wishes)
    async with GroupEngine(distributed(alone)) as engine:
        assert await texts(engine, **wishes) == wanted
        unseeded = await texts(engine, max_tokens=24, temperature=1.0)
        assert [len(ids) for ids in unseeded] == [24] * len(PROMPTS)
        digits = ask("digits", max_tokens=12, constraint=RegexConstraint("(7 ){20}"))
        assert len(set(ids_of(await steps_of(engine, digits)))) <= 2


def ranks_of(engine: GroupEngine) -> list[int]:
    """The process ids of its ranks, the first one first."""
    listed = subprocess.run(["ps", "-axo", "pid=,pgid=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return sorted(
        int(pid)
        for pid, group, args in rows
        if group == str(engine.pid) and "mlxk.engine.rank" in args and "mlx.launch" not in args
    )


def runs(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] not in ("", "Z")


async def gone(pids: list[int]) -> None:
    async with asyncio.timeout(10):
        while any([await asyncio.to_thread(runs, pid) for pid in pids]):
            pass


@pytest.mark.parametrize("which", [0, 1])
async def test_the_death_of_a_rank_ends_all_and_the_group_is_started_again(
    which: int, qwen3_path: Path
) -> None:
    made: list[GroupEngine] = []

    def factory() -> GroupEngine:
        made.append(GroupEngine(distributed(config(qwen3_path))))
        return made[-1]

    async with Supervisor(factory, RestartPolicy(first_pause=0.01)) as supervisor:
        wanted = ids_of(await steps_of(supervisor, ask()))
        ranks = await asyncio.to_thread(ranks_of, made[0])
        assert len(ranks) == 2
        reading = asyncio.create_task(steps_of(supervisor, ask(max_tokens=3000)))
        while not (await supervisor.stats()).running:  # noqa: ASYNC110 - only stats tell
            await asyncio.sleep(0.001)
        os.kill(ranks[which], signal.SIGKILL)
        async with asyncio.timeout(1):
            with pytest.raises(EngineCrashed, match="one of the engine's ranks died"):
                await reading
        await gone(ranks)
        await supervisor.settled()
        assert ids_of(await steps_of(supervisor, ask())) == wanted
        assert len(made) == 2


async def test_a_stopped_rank_is_found_and_nothing_stays_behind(qwen3_path: Path) -> None:
    engine = GroupEngine(distributed(config(qwen3_path)), heartbeat_seconds=0.05, hang_seconds=1.0)
    async with engine:
        ranks = await asyncio.to_thread(ranks_of, engine)
        os.kill(ranks[1], signal.SIGSTOP)
        reading = asyncio.create_task(steps_of(engine, ask(max_tokens=3000)))
        async with asyncio.timeout(5):
            assert isinstance(await engine.died(), EngineCrashed)
        with pytest.raises(EngineCrashed):
            await reading
    await gone(ranks)


@pytest.mark.parametrize("which", [0, 1])
async def test_a_stopped_rank_of_an_idle_group_is_found(which: int, qwen3_path: Path) -> None:
    engine = GroupEngine(distributed(config(qwen3_path)), heartbeat_seconds=0.1, freeze_seconds=3.0)
    async with engine:
        ranks = await asyncio.to_thread(ranks_of, engine)
        os.kill(ranks[which], signal.SIGSTOP)
        async with asyncio.timeout(15):
            assert isinstance(await engine.died(), EngineCrashed)
    await gone(ranks)


async def test_leaving_ends_the_ranks_and_removes_their_files(
    qwen3_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with GroupEngine(distributed(config(qwen3_path))) as engine:
        ranks = await asyncio.to_thread(ranks_of, engine)
        async with asyncio.timeout(5):
            while os.listdir(tmp_path):  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.001)
    await gone(ranks)


FRONT = """
import asyncio, sys
from mlxk.engine import EngineConfig, GroupEngine
from tests.engine.conftest import ask, distributed
from tests.engine.test_group import ranks_of

async def main():
    config = EngineConfig(model_path=sys.argv[1], context_length=4096)
    async with GroupEngine(distributed(config)) as engine:
        steps = engine.generate(ask(max_tokens=4000))
        await steps.__anext__()
        print(*ranks_of(engine), engine.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def front(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", FRONT, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


async def test_a_dead_front_ends_the_group(qwen3_path: Path) -> None:
    with front(qwen3_path) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in (await asyncio.to_thread(process.stdout.readline)).split()]
        assert len(pids) == 3
        process.kill()
        await gone(pids)


async def test_a_front_that_dies_while_the_group_starts_leaves_nothing(
    qwen3_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with front(qwen3_path) as process:
        async with asyncio.timeout(20):
            while not (started := await asyncio.to_thread(children_of, process.pid)):
                pass
        # The launcher's own processes come one after the other.
        await asyncio.sleep(0.7)
        started += await asyncio.to_thread(children_of, *started)
        process.kill()
    await gone(started)
    assert not os.listdir(tmp_path)


def children_of(*parents: int) -> list[int]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return [int(pid) for pid, parent, args in rows if int(parent) in parents and not args.startswith("ps ")]


async def test_what_cannot_be_divided_is_told(qwen3_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be divided among these ranks"):
        async with GroupEngine(distributed(config(qwen3_path), count=3)):
            pass
    with pytest.raises(ModelError, match="type qwen3 in the mode pipeline") as refused:
        async with GroupEngine(distributed(config(qwen3_path), mode="pipeline")):
            pass
    assert refused.value.hint is not None
    assert "mode: tensor" in refused.value.hint
