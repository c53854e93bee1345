"""A thread engine gives its memory back on every way out."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import Tokens
from tests.engine.conftest import ask, steps_of
from tests.models import make_qwen3


@pytest.mark.parametrize("way", ["idle", "running", "error"])
async def test_memory_returns(way: str, tmp_path: Path) -> None:
    path = make_qwen3(tmp_path / "model", layers=4, hidden=256)
    mx.clear_cache()
    before = mx.get_active_memory()
    engine = ThreadEngine(EngineConfig(model_path=str(path), context_length=4096))
    try:
        async with engine:
            await steps_of(engine, ask())
            assert mx.get_active_memory() > before + (4 << 20)
            if way == "running":
                steps = engine.generate(ask(max_tokens=3000))
                while not isinstance(await steps.__anext__(), Tokens):
                    pass
            if way == "error":
                raise KeyError("out")
    except KeyError:
        assert way == "error"
    assert mx.get_active_memory() <= before + (1 << 16)
    assert mx.get_cache_memory() < 1 << 10
