"""The caches of model families, told from names and shapes, against those that mlx-lm makes."""

from __future__ import annotations

import importlib
from typing import Any

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten
from mlx_lm.models.cache import make_prompt_cache

from mlxk.hub.headers import Tensor
from mlxk.memory.layers import Layer, activation_bytes, layers
from tests.memory.families import FAMILIES

DTYPES = {mx.float32: "F32", mx.float16: "F16", mx.bfloat16: "BF16"}


def model_of(family: str) -> tuple[Any, dict[str, Tensor]]:
    """A model whose weights are never computed, and its tensors."""
    config = {"model_type": family, **FAMILIES[family]}
    arch = importlib.import_module(f"mlx_lm.models.{family}")
    model = arch.Model(arch.ModelArgs.from_dict(config))
    flat = tree_flatten(model.parameters())
    return model, {name: Tensor(DTYPES[v.dtype], tuple(v.shape), v.nbytes) for name, v in flat}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tokens", [(20, 1), (255, 1), (100, 200)])
def test_as_large_as_the_real_one(family: str, tokens: tuple[int, ...]) -> None:
    """Nothing is evaluated: the shapes of lazy arrays are enough."""
    model, tensors = model_of(family)
    cache = make_prompt_cache(model)
    for count in tokens:
        model(mx.zeros((1, count), dtype=mx.int32), cache=cache)
    kept = layers({"model_type": family, **FAMILIES[family]}, tensors, kv_bits=None, group=64)
    told = sum(layer.bytes_for(sum(tokens), tokens[-1]) for layer in kept)
    real = sum(layer.nbytes for layer in cache)
    if tokens[-1] == 1:
        assert told == real
    else:  # caches that grow between two steps are a little smaller
        assert real <= told <= real * 1.7


def test_steps_and_windows() -> None:
    full, sliding = Layer(token_bytes=10), Layer(token_bytes=10, window=100, state_bytes=7)
    assert [full.bytes_for(n) for n in (1, 256, 257)] == [2560, 2560, 5120]
    assert [sliding.bytes_for(n) for n in (100, 5000)] == [1007, 1007]
    assert sliding.bytes_for(5000, chunk=512) == 6117
    assert Layer(state_bytes=5).bytes_for(1000) == 5


def test_quantised_keys_have_scales() -> None:
    _, tensors = model_of("qwen3")
    config = {"model_type": "qwen3", **FAMILIES["qwen3"]}
    full = layers(config, tensors, kv_bits=None, group=32)[0].token_bytes
    eight = layers(config, tensors, kv_bits=8, group=32)[0].token_bytes
    assert full == 2 * 2 * 16 * 4
    assert eight == 64 + 2 * 4 * (64 // 32)


def test_shared_layers_keep_nothing() -> None:
    _, tensors = model_of("qwen3")
    config = {"model_type": "gemma4", "text_config": {**FAMILIES["qwen3"], "num_kv_shared_layers": 3}}
    assert len(layers(config, tensors, kv_bits=None, group=64)) == 1


def test_activations_follow_the_widest_part() -> None:
    half, whole = Tensor("BF16", (4, 4), 32), Tensor("F32", (4,), 16)
    assert activation_bytes({"model.embed_tokens.weight": half, "model.gate.weight": whole}) == 2
    assert activation_bytes({"model.embed_tokens.scales": half, "model.norm.weight": whole}) == 4
    assert activation_bytes({}) == 2
