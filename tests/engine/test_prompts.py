"""What the prompt cache spares, and that it changes no token."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import Prefill
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of

FIRST = tuple(range(20, 80))


def config(path: Path, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(path), "context_length": 4096} | changes)


async def fresh(path: Path, prompt: tuple[int, ...]) -> list[int]:
    async with ThreadEngine(config(path, prompt_cache_entries=0)) as engine:
        return ids_of(await steps_of(engine, ask(prompt=prompt)))


@pytest.fixture(params=["qwen3_path", "gpt_oss_path", "lfm2_path"])
def path(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


async def test_the_next_turn_begins_where_the_last_one_ended(make_real_engine: MakeEngine) -> None:
    async with make_real_engine() as engine:
        first = await steps_of(engine, ask(prompt=FIRST))
        assert done_of(first).cached_tokens == 0
        second = (*FIRST, *ids_of(first), 60, 61, 62)
        steps = await steps_of(engine, ask(prompt=second))
    assert done_of(steps).cached_tokens == len(FIRST) + 8
    progress = [step for step in steps if isinstance(step, Prefill)]
    assert {step.cached for step in progress} == {len(FIRST) + 8}
    assert progress[0].processed == len(FIRST) + 8


async def test_a_turn_without_the_earlier_reasoning_shares_the_prompt(path: Path) -> None:
    second = (*FIRST, 90, 91, 92, 93)
    async with ThreadEngine(config(path)) as engine:
        await steps_of(engine, ask(prompt=FIRST, max_tokens=30))
        steps = await steps_of(engine, ask(prompt=second))
        again = await steps_of(engine, ask(prompt=second))
    assert len(FIRST) - 16 <= done_of(steps).cached_tokens <= len(FIRST)
    assert done_of(again).cached_tokens >= len(second) - 16
    assert ids_of(steps) == ids_of(again) == await fresh(path, second)


async def test_cached_answers_are_the_same_in_a_batch(path: Path) -> None:
    prompts = [(*FIRST, *range(90, 90 + extra)) for extra in (3, 20, 40)]
    async with ThreadEngine(config(path)) as engine:
        await steps_of(engine, ask(prompt=FIRST))
        for prompt in prompts:
            steps = await steps_of(engine, ask(prompt=prompt))
            assert done_of(steps).cached_tokens >= len(FIRST) - 16
            assert ids_of(steps) == await fresh(path, prompt)


async def test_a_cancelled_prompt_is_not_lost(qwen3_path: Path) -> None:
    prompt = tuple(range(20, 300)) * 4
    async with ThreadEngine(config(qwen3_path, prefill_step=64)) as engine:
        steps = engine.generate(ask(prompt=prompt))
        async for step in steps:
            if isinstance(step, Prefill) and step.processed >= 128:
                break
        await steps.aclose()
        assert done_of(await steps_of(engine, ask(prompt=prompt))).cached_tokens >= 128


@pytest.mark.parametrize("limits", [{"prompt_cache_entries": 0}, {"prompt_cache_bytes": 0}])
async def test_without_room_nothing_is_kept(qwen3_path: Path, limits: dict[str, int]) -> None:
    async with ThreadEngine(config(qwen3_path, **limits)) as engine:
        for _ in range(2):
            assert done_of(await steps_of(engine, ask(prompt=FIRST))).cached_tokens == 0
        assert (await engine.stats()).cache_bytes == 0


async def test_a_short_part_of_a_long_prompt_takes_little_room(qwen3_path: Path) -> None:
    async with ThreadEngine(config(qwen3_path)) as engine:
        await steps_of(engine, ask(prompt=FIRST * 20))
        long = (await engine.stats()).cache_bytes
        steps = await steps_of(engine, ask(prompt=(*FIRST, 90, 91)))
        assert done_of(steps).cached_tokens == len(FIRST)
        assert (await engine.stats()).cache_bytes < 1.5 * long


async def test_the_cache_stays_within_its_limits(qwen3_path: Path) -> None:
    async with ThreadEngine(config(qwen3_path)) as engine:
        await steps_of(engine, ask(prompt=FIRST))
        one = (await engine.stats()).cache_bytes
    async with ThreadEngine(config(qwen3_path, prompt_cache_bytes=3 * one)) as engine:
        for shift in range(6):
            await steps_of(engine, ask(prompt=tuple(range(100 + shift, 160 + shift))))
        assert 2 * one <= (await engine.stats()).cache_bytes <= 3 * one
        newest, oldest = tuple(range(105, 165)), tuple(range(100, 160))
        assert done_of(await steps_of(engine, ask(prompt=newest))).cached_tokens > 0
        assert done_of(await steps_of(engine, ask(prompt=oldest))).cached_tokens == 0
    async with ThreadEngine(config(qwen3_path, prompt_cache_entries=2)) as engine:
        for shift in range(6):
            await steps_of(engine, ask(prompt=tuple(range(100 + shift, 160 + shift))))
        assert (await engine.stats()).cache_bytes == 2 * one
