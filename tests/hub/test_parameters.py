"""Parameters are counted as the model was trained, however its weights are packed."""

from __future__ import annotations

from typing import Any

import pytest

from mlxk.hub import parameters
from mlxk.hub.facts import read
from mlxk.hub.headers import Tensor
from mlxk.hub.references import locate

PLAIN = {"norm.weight": Tensor("BF16", (64,), 128), "head.weight": Tensor("BF16", (10, 64), 1280)}
PACKED = {
    "norm.weight": Tensor("F32", (64,), 256),
    "head.weight": Tensor("U32", (10, 16), 640),
    "head.scales": Tensor("BF16", (10, 2), 40),
    "head.biases": Tensor("BF16", (10, 2), 40),
    "head.bias": Tensor("BF16", (10,), 20),
}


def test_plain_weights() -> None:
    assert parameters.count(PLAIN, {}) == 64 + 640
    assert parameters.storage(PLAIN, {}) == "BF16"


def test_packed_weights() -> None:
    config = {"quantization": {"bits": 8, "group_size": 32, "mode": "affine"}}
    assert parameters.count(PACKED, config) == 64 + 640 + 10
    assert parameters.storage(PACKED, config) == "8bit"


def test_a_layer_may_have_groups_of_its_own() -> None:
    config = {"quantization": {"bits": 4, "group_size": 64, "head": {"bits": 8, "group_size": 32}}}
    assert parameters.count(PACKED, config) == 64 + 640 + 10


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"quantization": {"bits": 4, "group_size": 32, "mode": "mxfp4"}}, "MXFP4"),
        ({"quantization_config": {"bits": 4}}, "4bit"),
        ({"quantization": None}, "BF16"),
    ],
)
def test_how_they_are_stored(config: dict[str, Any], name: str) -> None:
    assert parameters.storage(PLAIN, config) == name


def test_the_embedded_model() -> None:
    facts = read(locate("builtin:demo"))
    hidden, inner, heads, groups, size = 128, 384, 4, 2, 32
    attention = 2 * hidden * heads * size + 2 * hidden * groups * size + 2 * size
    layer = attention + 3 * hidden * inner + 2 * hidden
    assert parameters.count(facts.tensors, facts.config) == 1280 * hidden + 5 * layer + hidden
    assert parameters.storage(facts.tensors, facts.config) == "8bit"
