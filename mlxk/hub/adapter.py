"""What an adapter's folder says, read without MLX: whether mlx-lm trained it, and whether it is whole.

Whether it fits the model is for the engine to say, which sees the layers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlxk.errors import ModelError
from mlxk.hub import headers
from mlxk.hub.files import read_json
from mlxk.hub.headers import Tensor

CONFIG, WEIGHTS = "adapter_config.json", "adapters.safetensors"
FILES = (CONFIG, WEIGHTS)
_OF_PEFT = "adapter_model.safetensors"
_KINDS = ("lora", "dora")


@dataclass(frozen=True, slots=True)
class AdapterFacts:
    """`kind` is `lora` or `dora`."""

    path: Path
    kind: str


def read(folder: Path) -> AdapterFacts:
    """Read and check an adapter's folder; raises `ModelError` naming what is missing or wrong."""
    name = f"the adapter {folder.name}"
    _check_files(folder, name)
    config = read_json(folder / CONFIG, name, required=True)
    kind = str(config.get("fine_tune_type", "lora"))
    if kind not in _KINDS:
        raise ModelError(
            f"{name} is a {kind!r} fine-tune, not LoRA or DoRA",
            hint="make a model of its own of it: mlx_lm.fuse --model … --adapter-path …",
        )
    parameters = config.get("lora_parameters")
    if not isinstance(parameters, Mapping) or not isinstance(parameters.get("scale"), int | float):
        raise ModelError(
            f"{name}: {CONFIG} has no number `lora_parameters.scale`",
            hint="mlx_lm.lora writes it; `alpha` of other trainers is not the same",
        )
    _check_ranks(headers.read(folder / WEIGHTS, name), name, parameters.get("rank"))
    return AdapterFacts(folder, kind)


def _check_files(folder: Path, name: str) -> None:
    if not folder.is_dir():
        raise ModelError(f"there is no adapter folder `{folder}`", hint="see `model.adapter` in the profile")
    missing = [file for file in FILES if not (folder / file).is_file()]
    if WEIGHTS in missing and (folder / _OF_PEFT).is_file():
        raise ModelError(
            f"{name} is in the format of PEFT ({_OF_PEFT}), which mlx-lm does not read",
            hint="train it with mlx_lm.lora, or fuse it into its model before converting that to MLX",
        )
    if missing:
        raise ModelError(
            f"{name}: the folder has no {' and no '.join(missing)}",
            hint="mlx_lm.lora writes both files; copy the folder again",
        )


def _check_ranks(tensors: Mapping[str, Tensor], name: str, rank: object) -> None:
    """Every layer has both matrices, and their inner widths agree with each other and with the settings."""
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors.items():
        layer, _, part = key.rpartition(".")
        layers[layer][part] = tensor
    for layer, parts in layers.items():
        a, b = parts.get("lora_a"), parts.get("lora_b")
        if a is None or b is None or len(a.shape) < 2 or len(b.shape) < 2:
            raise ModelError(f"{name}: {layer} has no pair of lora_a and lora_b", hint="train it again")
        experts = len(a.shape) == 3  # which have their matrices the other way round
        widths = (a.shape[-2], b.shape[-1]) if experts else (a.shape[-1], b.shape[-2])
        if len({*widths, rank if isinstance(rank, int) else widths[0]}) > 1:
            raise ModelError(
                f"{name}: ranks do not agree: {widths[0]} in lora_a, {widths[1]} in lora_b of {layer}"
                + (f", {rank} in {CONFIG}" if isinstance(rank, int) else ""),
                hint="the two files are not of one training",
            )
