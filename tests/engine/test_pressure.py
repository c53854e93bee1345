"""An engine that may not take as much memory as its requests would: all are answered, one after the other."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mlxk.engine import Engine, EngineConfig, GroupEngine, ProcessEngine
from mlxk.engine.base import Tokens
from tests.engine.conftest import ask, distributed, done_of, ids_of, steps_of
from tests.models import make_qwen3

PROMPTS = [tuple(range(20 + index, 220 + index)) for index in range(5)]
WISHES: dict[str, object] = {"max_tokens": 120, "temperature": 0.8, "top_p": 0.95, "top_logprobs": 0}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    path = make_qwen3(tmp_path_factory.mktemp("pressed") / "model", layers=2, hidden=256)
    return EngineConfig(model_path=str(path), context_length=4096)


async def answers(engine: Engine) -> list[list[int]]:
    requests = [ask(str(index), prompt, seed=index, **WISHES) for index, prompt in enumerate(PROMPTS)]
    given = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    assert {done_of(steps).completion_tokens for steps in given} == {120}
    return [ids_of(steps) for steps in given]


async def peak(engine: Engine) -> int:
    return (await engine.stats()).peak_bytes


def bounded(config: EngineConfig, free: int, taken: int) -> EngineConfig:
    """With half of what the requests take beyond the model itself."""
    return msgspec.structs.replace(config, memory_bytes=free + (taken - free) // 2)


async def test_all_are_answered_as_ever(config: EngineConfig) -> None:
    async with ProcessEngine(config) as engine:
        free = (await engine.stats()).active_bytes
        wanted = await answers(engine)
        taken = await peak(engine)
    short = bounded(config, free, taken)
    assert short.memory_bytes is not None
    async with ProcessEngine(short) as engine:
        assert await answers(engine) == wanted
        # A step may take more for a moment: a part of what its requests hold.
        assert await peak(engine) < (short.memory_bytes + taken) / 2


async def test_ranks_give_up_the_same(config: EngineConfig) -> None:
    """With less than nothing, every second request is set aside, and again, until it runs alone."""
    asked = [ask(str(index), prompt[:40], max_tokens=12) for index, prompt in enumerate(PROMPTS[:3])]
    async with ProcessEngine(config) as engine:
        wanted = await asyncio.gather(*(steps_of(engine, request) for request in asked))
    async with GroupEngine(distributed(msgspec.structs.replace(config, memory_bytes=1))) as engine:
        given = await asyncio.gather(*(steps_of(engine, request) for request in asked))
    assert [ids_of(steps) for steps in given] == [ids_of(steps) for steps in wanted]


async def test_who_is_set_aside_can_be_cancelled(config: EngineConfig) -> None:
    short = msgspec.structs.replace(config, memory_bytes=1)
    async with ProcessEngine(short) as engine:
        first = engine.generate(ask("first", PROMPTS[0], max_tokens=3000))
        while not isinstance(await anext(first), Tokens):
            pass
        second = asyncio.create_task(steps_of(engine, ask("second", PROMPTS[1])))
        while not (await engine.stats()).waiting:  # noqa: ASYNC110 - only stats tell
            await asyncio.sleep(0.001)
        await engine.cancel("second")
        assert done_of(await second).reason == "cancelled"
        await engine.cancel("first")
        assert done_of([step async for step in first]).reason == "cancelled"
        assert len(ids_of(await steps_of(engine, ask("third")))) == 8


async def test_kept_prompts_make_room(config: EngineConfig) -> None:
    async with ProcessEngine(config) as engine:
        await answers(engine)
        stats = await engine.stats()
        assert stats.cache_bytes
    free = msgspec.structs.replace(config, memory_bytes=stats.active_bytes - stats.cache_bytes // 2)
    async with ProcessEngine(free) as engine:
        await answers(engine)
        await steps_of(engine, ask("last"))
        assert (await engine.stats()).cache_bytes < stats.cache_bytes
