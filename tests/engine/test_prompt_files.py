"""Prompt caches on disk: what a new engine finds of an earlier one's, and files that it cannot use."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import KVQuantization, PromptFolder
from mlxk.errors import ModelError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of
from tests.models import make_adapter, make_qwen3

FIRST = tuple(range(20, 80))
SECOND = (*FIRST, 90, 91, 92, 93)
KV = KVQuantization(bits=8, group_size=32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def config(path: Path, folder: Path | None, **changes: object) -> EngineConfig:
    kept = None if folder is None else PromptFolder(path=str(folder))
    return EngineConfig(**{"model_path": str(path), "context_length": 4096, "prompt_folder": kept} | changes)


def files(folder: Path, start: str = "") -> list[Path]:
    """The oldest first."""
    found = (file for file in folder.iterdir() if file.name.startswith(start))
    return sorted(found, key=lambda file: file.stat().st_mtime_ns)


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


async def once(settings: EngineConfig, prompt: tuple[int, ...], **changes: object) -> tuple[int, list[int]]:
    """An engine for one request: how much of the prompt it had, and what it said."""
    async with ThreadEngine(settings) as engine:
        steps = await steps_of(engine, ask(prompt=prompt, **changes))
    return done_of(steps).cached_tokens, ids_of(steps)


@pytest.fixture(params=["qwen3_path", "gpt_oss_path", "lfm2_path"])
def path(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


async def test_a_new_engine_begins_where_the_last_one_ended(
    make_real_engine: MakeEngine, folder: Path
) -> None:
    async with make_real_engine(prompt_folder=PromptFolder(path=str(folder))) as engine:
        first = await steps_of(engine, ask(prompt=FIRST))
    second = (*FIRST, *ids_of(first), 60, 61, 62)
    async with make_real_engine(prompt_folder=PromptFolder(path=str(folder))) as engine:
        steps = await steps_of(engine, ask(prompt=second))
    async with make_real_engine() as engine:
        fresh = await steps_of(engine, ask(prompt=second))
    assert done_of(steps).cached_tokens == len(FIRST) + 8
    assert ids_of(steps) == ids_of(fresh)


async def test_each_kind_of_cache_comes_back(path: Path, folder: Path) -> None:
    await once(config(path, folder), FIRST, max_tokens=30)
    cached, said = await once(config(path, folder), SECOND)
    assert len(FIRST) - 16 <= cached <= len(FIRST)
    assert said == (await once(config(path, None), SECOND))[1]


@pytest.mark.parametrize("start", [0, 30])
async def test_quantised_caches_come_back(folder: Path, tmp_path: Path, start: int) -> None:
    path = make_qwen3(tmp_path / "wide", hidden=128)
    kv = KVQuantization(bits=8, group_size=32, start=start)
    _, answer = await once(config(path, folder, kv=kv), FIRST)
    second = (*FIRST, *answer, 60, 61, 62)
    cached, said = await once(config(path, folder, kv=kv), second)
    assert cached == len(FIRST) + 8
    assert said == (await once(config(path, None, kv=kv), second))[1]
    assert (await once(config(path, folder), second))[0] == 0  # kept in another way
    async with ThreadEngine(config(path, folder, kv=kv)) as engine:  # in a batch, too
        both = await asyncio.gather(*(steps_of(engine, ask(str(n), second)) for n in range(2)))
    assert [ids_of(steps) for steps in both] == [said, said]


async def test_files_are_private_and_nothing_else_is_left(qwen3_path: Path, folder: Path) -> None:
    settings = config(qwen3_path, folder / "deep")
    await once(settings, FIRST)
    (entry,) = files(folder / "deep")
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "deep").stat().st_mode) == 0o700
    left = [entry.with_name(name) for name in (".writing-a.safetensors", ".writing-b.safetensors", "mine")]
    for file in left:
        file.write_text("x")
        os.utime(file, (0, 0))
    os.utime(left[1])
    await once(settings, FIRST)
    assert [file.exists() for file in left] == [False, True, True]


async def test_a_longer_entry_stands_for_a_shorter_one(qwen3_path: Path, folder: Path) -> None:
    await once(config(qwen3_path, folder), FIRST)
    (short,) = files(folder)
    async with ThreadEngine(config(qwen3_path, folder)) as engine:
        said = ids_of(await steps_of(engine, ask(prompt=FIRST)))
        await steps_of(engine, ask(prompt=(*FIRST, *said, 60, 61)))
    (long,) = files(folder)
    assert long != short
    assert (await once(config(qwen3_path, folder), (*FIRST[:40], 98, 99)))[0] == 40


async def test_the_bound_keeps_what_was_used_last(qwen3_path: Path, folder: Path) -> None:
    prompts = [tuple(range(100 + shift, 160 + shift)) for shift in range(4)]
    for time, prompt in enumerate(prompts[:3]):
        await once(config(qwen3_path, folder), prompt)
        os.utime(files(folder)[-1], (time + 1, time + 1))
    bound = int(2.5 * files(folder)[0].stat().st_size)
    await once(config(qwen3_path, folder), prompts[0])
    bounded = config(qwen3_path, None, prompt_folder=PromptFolder(path=str(folder), max_bytes=bound))
    await once(bounded, prompts[3])
    assert size(folder) <= bound
    async with ThreadEngine(config(qwen3_path, folder)) as engine:
        held = [done_of(await steps_of(engine, ask(prompt=prompt))).cached_tokens for prompt in prompts]
    assert [tokens >= 58 for tokens in held] == [True, False, False, True]


async def test_what_is_larger_than_the_bound_is_not_written(qwen3_path: Path, folder: Path) -> None:
    small = config(qwen3_path, None, prompt_folder=PromptFolder(path=str(folder), max_bytes=1000))
    await once(small, FIRST)
    assert files(folder) == []


@pytest.mark.parametrize("way", ["cut", "garbage", "empty", "other tokens"])
async def test_damaged_files_are_removed_with_a_warning(
    qwen3_path: Path, folder: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, said = await once(config(qwen3_path, folder), FIRST)
    (file,) = files(folder)
    content = file.read_bytes()
    damaged = {
        "cut": content[:-100],
        "garbage": b"\xff" * 5000,
        "empty": b"",
        "other tokens": content.replace(b"20 21 22", b"20 21 23"),
    }
    file.write_bytes(damaged[way])
    assert await once(config(qwen3_path, folder), FIRST) == (0, said)
    assert "cannot be read and is removed" in caplog.text
    assert (await once(config(qwen3_path, folder), FIRST))[0] == len(FIRST) - 1


async def test_a_file_that_breaks_while_the_engine_runs(
    qwen3_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await once(config(qwen3_path, folder), FIRST)
    (file,) = files(folder)
    async with ThreadEngine(config(qwen3_path, folder)) as engine:
        file.write_bytes(file.read_bytes()[:2000])
        assert done_of(await steps_of(engine, ask(prompt=FIRST))).cached_tokens == 0
        assert "cannot be read and is removed" in caplog.text
    async with ThreadEngine(config(qwen3_path, folder)) as engine:
        caplog.clear()
        files(folder)[0].unlink()  # another engine's doing
        assert done_of(await steps_of(engine, ask(prompt=FIRST))).cached_tokens == 0
    assert caplog.text == ""


async def test_models_and_adapters_are_kept_apart(qwen3_path: Path, tmp_path: Path, folder: Path) -> None:
    other = make_qwen3(tmp_path / "other", seed=7)
    adapter = str(make_adapter(tmp_path / "adapter", qwen3_path))
    await once(config(qwen3_path, folder), FIRST)
    assert (await once(config(other, folder), FIRST))[0] == 0
    adapted = config(qwen3_path, folder, adapters=(adapter,))
    cached, said = await once(adapted, FIRST, adapter=adapter)
    assert cached == 0
    assert await once(adapted, FIRST, adapter=adapter) == (len(FIRST) - 1, said)
    assert (await once(adapted, FIRST))[0] == len(FIRST) - 1


async def test_a_model_whose_files_changed_is_another(tmp_path: Path, folder: Path) -> None:
    path = make_qwen3(tmp_path / "model")
    await once(config(path, folder), FIRST)
    weights = path / "model.safetensors"
    os.utime(weights, ns=(1, weights.stat().st_mtime_ns + 1))
    assert (await once(config(path, folder), FIRST))[0] == 0


async def test_an_idle_engine_writes(make_real_engine: MakeEngine, folder: Path) -> None:
    kept = PromptFolder(path=str(folder), idle_seconds=0.0)
    async with make_real_engine(prompt_folder=kept) as engine:
        await steps_of(engine, ask(prompt=FIRST))
        while not files(folder, "prompt-"):
            await engine.stats()
            await asyncio.sleep(0)
    assert len(files(folder)) == 1


async def test_a_folder_that_cannot_be_is_an_error(make_real_engine: MakeEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelError, match=r"engine\.prompt_cache\.path cannot be used"):
        async with make_real_engine(prompt_folder=PromptFolder(path=str(tmp_path / "file" / "cache"))):
            pass
