"""What a folder that cannot be loaded is told, by every engine alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import pytest

from mlxk.engine import EngineConfig, ProcessEngine, ThreadEngine
from mlxk.engine.loader import explain, generation_failure
from mlxk.errors import EngineError, InsufficientMemory, ModelError
from tests.engine.conftest import MakeEngine, ask, steps_of


def _config(**changes: object) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        config = json.loads((path / "config.json").read_text()) | changes
        (path / "config.json").write_text(json.dumps(config))

    return damage


def _no_weights(path: Path) -> None:
    (path / "model.safetensors").unlink()


def _cut_off(path: Path) -> None:
    content = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(content[: len(content) // 2])


def _no_safetensors(path: Path) -> None:
    (path / "model.safetensors").write_bytes(b"<html>not found</html>")


def _empty(path: Path) -> None:
    (path / "model.safetensors").write_bytes(b"")


def _one_weight_less(path: Path) -> None:
    weights = mx.load(str(path / "model.safetensors"))
    del weights["model.norm.weight"]
    mx.save_safetensors(str(path / "model.safetensors"), weights)


def _no_config(path: Path) -> None:
    (path / "config.json").unlink()


def _broken_config(path: Path) -> None:
    (path / "config.json").write_text('{"model_type": ')


def _no_hidden_size(path: Path) -> None:
    config = json.loads((path / "config.json").read_text())
    del config["hidden_size"]
    (path / "config.json").write_text(json.dumps(config))


DAMAGES = {
    "no weights": (_no_weights, "has no weights"),
    "cut-off weights": (_cut_off, "damaged weights"),
    "not safetensors": (_no_safetensors, "damaged weights"),
    "empty weights": (_empty, "damaged weights"),
    "a weight is missing": (_one_weight_less, "do not fit"),
    "another shape": (_config(hidden_size=128), "do not fit"),
    "fewer layers": (_config(num_hidden_layers=1), "do not fit"),
    "no config": (_no_config, "has no weights"),
    "broken config": (_broken_config, "damaged config.json"),
    "unknown type": (_config(model_type="gpt_6"), "gpt_6 not supported"),
    "own code": (_config(model_file="model.py"), "code of its own"),
    "incomplete config": (_no_hidden_size, "incomplete or wrong"),
}


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, ThreadEngine) for name in DAMAGES), ("cut-off weights", ProcessEngine)]
)
async def test_a_damaged_model_is_refused_by_name(
    name: str, kind: type[ThreadEngine | ProcessEngine], qwen3_path: Path, tmp_path: Path
) -> None:
    damage, words = DAMAGES[name]
    path = tmp_path / "broken-model"
    shutil.copytree(qwen3_path, path)
    (path / "model.py").write_text("raise SystemExit('this code ran')")
    damage(path)
    with pytest.raises(ModelError, match=words) as caught:
        await kind(EngineConfig(model_path=str(path), context_length=4096)).__aenter__()
    assert "broken-model" in caught.value.message
    assert caught.value.hint or name == "incomplete config"


async def test_after_a_failed_start_an_engine_can_start(
    make_real_engine: MakeEngine, qwen3_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    engine = make_real_engine(model_path=str(path))
    with pytest.raises(ModelError):
        await engine.__aenter__()
    shutil.copytree(qwen3_path, path)
    async with engine:
        assert await steps_of(engine, ask())


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[metal::malloc] Attempting to allocate 9 bytes which is greater than the maximum"),
        RuntimeError("[malloc_or_wait] Unable to allocate 9 bytes."),
        RuntimeError("[METAL] Command buffer execution failed: Insufficient Memory"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_an_allocation_that_fails_is_told_as_such(error: Exception) -> None:
    assert isinstance(explain(error, Path("m")), InsufficientMemory)
    assert isinstance(generation_failure(error), InsufficientMemory)


def test_what_is_unknown_is_still_told() -> None:
    assert "OSError: disk on fire" in explain(OSError("disk on fire"), Path("m")).message
    assert type(generation_failure(RuntimeError("boom"))) is EngineError
