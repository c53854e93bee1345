"""The sum against what an engine really allocates, and the parts that no engine is needed for."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path

import mlx.core as mx
import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import Distributed, Draft, Host, KVQuantization
from mlxk.errors import ModelError
from mlxk.hub import facts
from mlxk.memory import Model, memory_needed, model_of
from tests.engine.conftest import ask, steps_of
from tests.models import make_gpt_oss, make_lfm2, make_llama, make_qwen3

MAKERS = {"qwen3": make_qwen3, "llama": make_llama, "gpt_oss": make_gpt_oss, "lfm2": make_lfm2}
# How much smaller and larger than the real peak the sum may be. Of the tiny gpt-oss's two layers an engine
# computes the attention of one, since that of the last is not needed for a prompt; its experts take more.
BOUNDS = {"qwen3": (0.95, 1.15), "llama": (0.95, 1.15), "gpt_oss": (0.8, 3.0), "lfm2": (0.95, 1.2)}
KV8 = KVQuantization(bits=8, group_size=32)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    large = {"layers": 4, "hidden": 256}
    return {
        family: maker(root / family, context=32768, **(large if family in ("qwen3", "llama") else {}))
        for family, maker in MAKERS.items()
    }


def settings(folder: Path, **changes: object) -> EngineConfig:
    return EngineConfig(**{"model_path": str(folder), "context_length": 1208, "max_concurrency": 1} | changes)


def read(load: EngineConfig) -> Model:
    return model_of(facts.read(Path(load.model_path)), load)


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        *((family, {}) for family in MAKERS),
        ("qwen3", {"max_concurrency": 3}),
        ("llama", {"prefill_step": 128}),
        ("llama", {"kv": KV8}),
    ],
)
async def test_the_peak_of_a_real_engine(
    family: str, changes: dict[str, object], folders: dict[str, Path]
) -> None:
    load = settings(folders[family], **changes)
    need = read(load).need(load)
    mx.clear_cache()
    before = mx.get_active_memory()
    async with ThreadEngine(load) as engine:
        loaded = (await engine.stats()).active_bytes - before
        assert abs(need.weights / loaded - 1) < 0.01
        mx.reset_peak_memory()
        prompts = [tuple((7 * token + row) % 300 for token in range(1200)) for row in range(need.concurrency)]
        requests = [ask(str(row), prompt) for row, prompt in enumerate(prompts)]
        await asyncio.gather(*(steps_of(engine, request) for request in requests))
        real = mx.get_peak_memory() - before
    least, most = BOUNDS[family]
    assert least < (need.weights + need.cache + need.prefill) / real < most


def test_everything_counts(folders: dict[str, Path]) -> None:
    load = settings(folders["qwen3"])
    model = read(load)
    alone, four = model.need(load), model.need(settings(folders["qwen3"], max_concurrency=4))
    assert four.cache == 4 * alone.cache
    assert alone.prompt_cache == 2 << 30
    assert model.need(settings(folders["qwen3"], prompt_cache_entries=0)).prompt_cache == 0
    assert alone.least < alone.most == sum(alone.parts().values())
    assert model.need(load, promised=100).least < model.need(load, promised=1200).least
    assert model.need(load, fused=True).prefill < alone.prefill
    assert model.need(settings(folders["qwen3"], kv=KV8)).cache < alone.cache // 2


def test_a_draft_model_counts(folders: dict[str, Path]) -> None:
    plain = settings(folders["llama"])
    drafted = settings(folders["llama"], draft=Draft(model_path=str(folders["qwen3"])))
    without, need = read(plain).need(plain), read(drafted).need(drafted)
    assert need.draft == read(settings(folders["qwen3"])).weights
    assert need.cache > without.cache
    assert "draft model" in need.parts()
    assert "draft model" not in without.parts()


def test_ranks_share_layers_and_each_has_the_rest(folders: dict[str, Path]) -> None:
    here, there = Host(ssh="127.0.0.1", ips=("127.0.0.1",)), Host(ssh="b", ips=("10.0.0.2",))
    plain = settings(folders["llama"])
    alone = read(plain).need(plain)
    both, half = (
        read(plain).need(settings(folders["llama"], distributed=Distributed(hosts=hosts)))
        for hosts in ((here, here), (here, there))
    )
    assert (both.cache, half.cache) == (alone.cache, alone.cache // 2)
    assert (both.runtime, half.runtime) == (2 * alone.runtime, alone.runtime)
    assert alone.weights < both.weights < 2 * alone.weights
    assert alone.weights // 2 < half.weights < alone.weights
    assert half.weights - both.weights // 2 in (0, 1)


def test_from_headers_that_came_from_elsewhere(folders: dict[str, Path]) -> None:
    load = settings(folders["lfm2"])
    raw = (folders["lfm2"] / "model.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])
    config = json.loads((folders["lfm2"] / "config.json").read_bytes())
    assert memory_needed(config, [header], load) == read(load).need(load)


def test_eight_bit_floats_are_unpacked_and_pictures_left_out() -> None:
    def entry(dtype: str, size: int) -> dict[str, object]:
        return {"dtype": dtype, "shape": [size], "data_offsets": [0, size]}

    header = {
        "__metadata__": {"format": "pt"},
        "model.layers.0.mlp.up_proj.weight": entry("F8_E4M3", 100),
        "model.layers.0.mlp.down_proj.weight": entry("BF16", 10),
        "vision_tower.blocks.0.weight": entry("BF16", 1000),
        "mtp.layers.0.weight": entry("BF16", 1000),
    }
    config = {"model_type": "llama", "hidden_size": 8, "num_attention_heads": 2}
    assert memory_needed(config, [header], EngineConfig(model_path="", context_length=64)).weights == 210


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_attention_heads", "x"),
        ("num_attention_heads", [4, 4]),
        ("hidden_size", -(1 << 40)),
        ("vocab_size", 10**400),
        ("intermediate_size", float("inf")),
        ("text_config", "x"),
    ],
)
def test_a_configuration_that_says_nothing_of_use(key: str, value: object, folders: dict[str, Path]) -> None:
    load = settings(folders["llama"])
    whole = read(load)
    config = {name: said for name, said in whole.config.items() if name != "head_dim"}
    with pytest.raises(ModelError, match=r"^tiny: its config\.json does not tell") as caught:
        Model({**config, key: value}, whole.tensors, name="tiny").need(load)
    assert caught.value.hint
