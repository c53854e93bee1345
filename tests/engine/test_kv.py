"""Quantised keys and values: the same alone and together, cached, and refused where a family has none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import mlx.core as mx
import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import KVQuantization
from mlxk.errors import ModelError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of
from tests.models import make_lfm2, make_qwen3

PROMPTS = [tuple(range(20, 30)), tuple(range(30, 75)), tuple(range(100, 117)) * 3, (40,)]
KV = KVQuantization(bits=8, group_size=32)


@pytest.fixture(scope="session")
def wide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3 whose heads are 32 wide, the smallest group that can be quantised."""
    return make_qwen3(tmp_path_factory.mktemp("wide") / "wide", hidden=128)


def config(path: Path, kv: KVQuantization | None = KV, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(path), "context_length": 4096, "kv": kv} | changes)


async def alone_and_together(settings: EngineConfig) -> tuple[list[list[int]], list[list[int]]]:
    requests = [ask(f"{n}", prompt, max_tokens=16) for n, prompt in enumerate(PROMPTS)]
    async with ThreadEngine(settings) as engine:
        alone = [ids_of(await steps_of(engine, request)) for request in requests]
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    return alone, [ids_of(steps) for steps in together]


@pytest.mark.parametrize(("start", "prefill_step"), [(0, 16), (12, 512), (40, 16)])
async def test_alone_and_together_are_the_same(wide_path: Path, start: int, prefill_step: int) -> None:
    kv = KVQuantization(bits=4, group_size=32, start=start)
    alone, together = await alone_and_together(
        config(wide_path, kv, prefill_step=prefill_step, prompt_cache_entries=0)
    )
    assert alone == together


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
async def test_any_number_of_bits(bits: int, tmp_path: Path) -> None:
    path = make_qwen3(tmp_path / "model", hidden=512)  # heads of 128
    alone, together = await alone_and_together(config(path, KVQuantization(bits=bits, group_size=64)))
    assert alone == together


async def test_what_others_left_quantised_changes_no_shorter_prompt(wide_path: Path) -> None:
    kv = KVQuantization(bits=2, group_size=32, start=200)
    shared = tuple(range(20, 80))
    long = (*shared, *range(150, 350))
    request = ask("short", (*shared, *range(100, 120)), max_tokens=16)
    async with ThreadEngine(config(wide_path, kv)) as engine:
        wanted = await steps_of(engine, request)
    async with ThreadEngine(config(wide_path, kv)) as engine:
        await steps_of(engine, ask("long", long, max_tokens=4))
        said = await steps_of(engine, request)
        assert done_of(said).cached_tokens == 0
        assert ids_of(said) == ids_of(wanted)
        again = await steps_of(engine, ask("longer", (*long, 20), max_tokens=1))
        assert done_of(again).cached_tokens >= 200


def of_mlx_lm(path: Path, prompt: tuple[int, ...], kv: KVQuantization) -> list[int]:
    from mlx_lm.generate import generate_step
    from mlx_lm.utils import load_model

    model, _ = load_model(path)
    settings = {"kv_bits": kv.bits, "kv_group_size": kv.group_size, "quantized_kv_start": kv.start}
    steps = generate_step(mx.array(prompt), model, max_tokens=16, prefill_step_size=kv.start or 1, **settings)
    return [token for token, _ in steps]


@pytest.mark.parametrize("start", [0, 12])
async def test_it_says_what_mlx_lm_says(wide_path: Path, start: int) -> None:
    kv = KVQuantization(bits=8, group_size=32, start=start)
    async with ThreadEngine(config(wide_path, kv)) as engine:
        said = [ids_of(await steps_of(engine, ask(prompt=prompt, max_tokens=16))) for prompt in PROMPTS[:3]]
    assert said == [await asyncio.to_thread(of_mlx_lm, wide_path, prompt, kv) for prompt in PROMPTS[:3]]


async def test_it_takes_less_room(wide_path: Path) -> None:
    kept = {}
    for kv in (None, KVQuantization(bits=4, group_size=32)):
        async with ThreadEngine(config(wide_path, kv)) as engine:
            await steps_of(engine, ask(prompt=tuple(range(20, 320))))
            kept[kv] = (await engine.stats()).cache_bytes
    plain, quantised = kept.values()
    assert quantised < 0.4 * plain


@pytest.mark.parametrize("start", [0, 30])
async def test_the_next_turn_begins_where_the_last_one_ended(wide_path: Path, start: int) -> None:
    kv = KVQuantization(bits=8, group_size=32, start=start)
    prompt = tuple(range(20, 80))
    async with ThreadEngine(config(wide_path, kv)) as engine:
        first = await steps_of(engine, ask(prompt=prompt))
        second = (*prompt, *ids_of(first), 60, 61, 62)
        cached = await steps_of(engine, ask(prompt=second))
    async with ThreadEngine(config(wide_path, kv, prompt_cache_entries=0)) as engine:
        fresh = await steps_of(engine, ask(prompt=second))
    assert done_of(cached).cached_tokens == len(prompt) + 8
    assert ids_of(cached) == ids_of(fresh)


async def test_the_state_of_a_hybrid_stays_as_it_is(tmp_path: Path) -> None:
    path = make_lfm2(tmp_path / "lfm2", hidden=128)
    alone, together = await alone_and_together(config(path, prompt_cache_entries=0))
    assert alone == together


@pytest.mark.parametrize(
    ("fixture", "kv", "reason"),
    [
        ("gpt_oss_path", KV, "does not support attention sinks"),
        ("qwen3_path", KVQuantization(bits=8, group_size=64), "64"),
    ],
)
async def test_what_a_family_cannot_do_is_refused_at_load(
    make_real_engine: MakeEngine,
    request: pytest.FixtureRequest,
    fixture: str,
    kv: KVQuantization,
    reason: str,
) -> None:
    path = request.getfixturevalue(fixture)
    with pytest.raises(ModelError, match=f"cannot use engine.kv_bits: .*{reason}"):
        async with make_real_engine(model_path=str(path), kv=kv):
            pass


async def test_logprobs_survive_the_move(wide_path: Path) -> None:
    """A sequence that becomes quantised while it decodes tells each token's log-probability once."""
    kv = KVQuantization(bits=8, group_size=32, start=15)
    requests = [ask(f"{n}", tuple(range(20, 30 + n)), top_logprobs=1, max_tokens=12) for n in range(2)]
    async with ThreadEngine(config(wide_path, kv)) as engine:
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    for steps in together:
        tokens = [step for step in steps if getattr(step, "ids", ())]
        assert sum(len(step.ids) for step in tokens) == sum(len(step.logprobs) for step in tokens) == 12
        assert all(step.top[0][0][0] == step.ids[0] for step in tokens)
