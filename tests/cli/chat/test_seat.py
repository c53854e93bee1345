"""One model for another, without losing the first to a failure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlxk.cli.chat.seat import Seat
from mlxk.cli.chat.settings import Settings
from mlxk.cli.loading import make_plan
from mlxk.cli.memory import fit_of, limit_of
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.errors import EngineError, ModelError
from mlxk.events import collect
from mlxk.generation import generate
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, Message

HELLO = GenerationRequest(messages=(Message("user", "Hello"),), max_tokens=3)


def plan_of(model: Path | str, **said: str) -> Plan:
    settings = Settings(ProfileOptions(isolated=True), GenerationOptions(), str(model))
    for key, value in said.items():
        settings = settings.with_value(key, value)
    return make_plan(settings.resolve(), "run")


async def answers(seat: Seat) -> str:
    """The name of the model that does."""
    completion = await collect(generate(seat.loaded, HELLO))
    assert completion.finish.usage.completion_tokens == 3
    return seat.loaded.plan.facts.path.name


async def test_a_setting_needs_no_other_engine(qwen3_path: Path) -> None:
    async with Seat() as seat:
        assert await seat.take(plan_of(qwen3_path))
        engine = seat.loaded.engine
        assert not await seat.take(plan_of(qwen3_path, temperature="0.5", system="Be brief."))
        assert seat.loaded.engine is engine
        assert seat.loaded.text.profile.system == "Be brief."
        assert await seat.take(plan_of(qwen3_path, context="64"))
        assert seat.loaded.engine is not engine


async def test_the_other_model_answers_and_the_first_is_given_back(
    qwen3_path: Path, llama_path: Path
) -> None:
    async with Seat() as seat:
        await seat.take(plan_of(qwen3_path))
        first = seat.loaded.engine
        await seat.take(plan_of(llama_path))
        assert await answers(seat) == llama_path.name
        assert (await first.stats()).state == "dead"
        second = seat.loaded.engine
    assert (await second.stats()).state == "dead"
    with pytest.raises(EngineError):
        _ = seat.loaded


async def test_a_model_that_cannot_be_loaded_changes_nothing(qwen3_path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(qwen3_path, broken)
    plan = plan_of(broken)
    (broken / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0 nonsense")
    async with Seat() as seat:
        await seat.take(plan_of(qwen3_path))
        first = seat.loaded
        with pytest.raises(ModelError):
            await seat.take(plan)
        assert seat.loaded is first
        assert await answers(seat) == qwen3_path.name


async def test_without_room_for_both_the_first_leaves_first(
    tmp_path: Path, qwen3_path: Path, llama_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_of(llama_path)
    budget = fit_of(plan, limit_of(plan.profile.memory)).need.most + 1
    profile = tmp_path / "small.yaml"
    profile.write_text(f"mlxk: 1\nmodel: {llama_path}\nmemory: {{budget: {budget}B}}\n")
    settings = Settings(ProfileOptions(profile=str(profile), isolated=True), GenerationOptions(), None)
    async with Seat() as seat:
        await seat.take(plan_of(qwen3_path))
        await seat.take(make_plan(settings.resolve(), "run"))
        assert "no room for both" in capsys.readouterr().err
        assert await answers(seat) == llama_path.name
