"""How many parameters a model has and how they are stored, from the headers of its files and its config."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import prod
from typing import Any

from mlxk.hub.facts import quantised
from mlxk.hub.headers import Tensors

_GROUP_SIZE = 64  # mlx's own default


def count(tensors: Tensors, config: Mapping[str, Any]) -> int:
    """Weights of a model as it was trained: a packed tensor counts what it stands for, not its words."""
    quantization = _quantization(config)
    total = 0
    for name, tensor in tensors.items():
        module, _, kind = name.rpartition(".")
        scales = tensors.get(f"{module}.scales")
        if scales is None:
            total += prod(tensor.shape)
        elif kind == "weight":
            total += prod(scales.shape) * _group_size(quantization, module)
        elif kind not in ("scales", "biases"):
            total += prod(tensor.shape)
    return total


def storage(tensors: Tensors, config: Mapping[str, Any]) -> str:
    """As `facts.quantised` says, or the type of most of the weights, such as `BF16`."""
    if (packed := quantised(config)) is not None:
        return packed
    sizes: Counter[str] = Counter()
    for tensor in tensors.values():
        sizes[tensor.dtype] += tensor.nbytes
    return sizes.most_common(1)[0][0] if sizes else "unknown"


def _quantization(config: Mapping[str, Any]) -> Mapping[str, Any]:
    found = config.get("quantization") or config.get("quantization_config")
    return found if isinstance(found, Mapping) else {}


def _group_size(quantization: Mapping[str, Any], module: str) -> int:
    """A layer's own group size, if it has one, or that of all."""
    for section in (quantization.get(module), quantization):
        if isinstance(section, Mapping) and isinstance(size := section.get("group_size"), int):
            return size
    return _GROUP_SIZE
