"""Where an engine runs, and what of its own a model may bring."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ProcessEngine, RestartPolicy, Supervisor, ThreadEngine, engine_of
from mlxk.engine.base import RegexConstraint
from mlxk.errors import EngineCrashed, ModelError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of


def config(path: Path, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(path), "context_length": 4096} | changes)


def test_the_configuration_chooses(tmp_path: Path) -> None:
    assert isinstance(engine_of(config(tmp_path, isolation="thread")), ThreadEngine)
    assert isinstance(engine_of(config(tmp_path, isolation="process")), ProcessEngine)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_dies_is_started_again(qwen3_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlxk.engine.scheduler import Scheduler

    settings = config(qwen3_path, isolation="thread")
    async with Supervisor(lambda: engine_of(settings), RestartPolicy(first_pause=0.001)) as supervisor:
        whole = ids_of(await steps_of(supervisor, ask()))
        with monkeypatch.context() as broken:
            broken.setattr(Scheduler, "step", _boom)
            with pytest.raises(EngineCrashed, match=r"thread died: .*boom"):
                await steps_of(supervisor, ask())
        async with asyncio.timeout(20):
            while not supervisor.restarts or supervisor.state != "ready":  # noqa: ASYNC110 - only it tells
                await asyncio.sleep(0.005)
        assert ids_of(await steps_of(supervisor, ask())) == whole


def _boom(self: object) -> None:
    raise AssertionError("boom")


@pytest.fixture
def own_code(qwen3_path: Path, tmp_path: Path) -> Path:
    """A model whose architecture is in a file beside its weights."""
    path = shutil.copytree(qwen3_path, tmp_path / "own")
    settings = json.loads((path / "config.json").read_text()) | {"model_file": "mine.py"}
    (path / "config.json").write_text(json.dumps(settings))
    (path / "mine.py").write_text("from mlx_lm.models.qwen3 import Model, ModelArgs\n")
    return path


async def test_code_of_the_model_runs_only_if_it_is_trusted(
    make_real_engine: MakeEngine, own_code: Path
) -> None:
    async with make_real_engine(model_path=str(own_code), trust_remote_code=True) as engine:
        trusted = ids_of(await steps_of(engine, ask()))
    async with make_real_engine() as engine:
        assert trusted == ids_of(await steps_of(engine, ask()))
    with pytest.raises(ModelError, match="Python code of its own") as caught:
        await make_real_engine(model_path=str(own_code)).__aenter__()
    assert "trust_remote_code: true" in (caught.value.hint or "")


async def test_constraints_use_the_tokenizer_that_was_named(qwen3_path: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(qwen3_path, tmp_path / "bare")
    (bare / "tokenizer.json").unlink()
    request = ask(constraint=RegexConstraint("[ab]{3}"), stop_tokens=(2,), max_tokens=20)
    async with ThreadEngine(config(bare, tokenizer_path=str(qwen3_path))) as engine:
        assert done_of(await steps_of(engine, request)).reason == "stop"


async def test_two_threads_do_not_disturb_each_other(qwen3_path: Path, llama_path: Path) -> None:
    async with ThreadEngine(config(qwen3_path)) as first:
        whole = ids_of(await steps_of(first, ask()))
        async with ThreadEngine(config(llama_path)) as second:
            together = await asyncio.gather(*(steps_of(engine, ask()) for engine in (first, second)))
            assert ids_of(together[0]) == whole
        assert ids_of(await steps_of(first, ask("after", tuple(range(50, 90))))) != whole
        assert ids_of(await steps_of(first, ask())) == whole
