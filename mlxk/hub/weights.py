"""Weights on disk: which files a model has. What is in one, `headers` tells."""

from __future__ import annotations

import re
from pathlib import Path

from mlxk.errors import IncompleteModel, UnsupportedModel
from mlxk.hub.files import read_json

INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.safetensors$")


def weight_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The shards that the index names, or every `model*.safetensors` as mlx-lm loads them."""
    index = read_json(folder / INDEX, name, required=False)
    weight_map = index.get("weight_map")
    if isinstance(weight_map, dict):
        shards = sorted({str(shard) for shard in weight_map.values()})
        if missing := [shard for shard in shards if not (folder / shard).is_file()]:
            raise IncompleteModel(
                f"{name}: {len(missing)} of {len(shards)} weight files are missing, such as {missing[0]}",
                hint="the download is incomplete: run it again, it resumes",
            )
        return tuple(folder / shard for shard in shards)
    if files := tuple(sorted(folder.glob("model*.safetensors"))):
        _check_shards(files, name)
        return files
    others = sorted(path.name for pattern in ("*.gguf", "*.bin", "*.pth") for path in folder.glob(pattern))
    if others:
        raise UnsupportedModel(
            f"{name}: the folder has no weights (model*.safetensors)",
            hint=f"{others[0]} is not a format MLX loads: look for the model in safetensors, such as in "
            "mlx-community",
        )
    raise IncompleteModel(
        f"{name}: the folder has no weights (model*.safetensors)",
        hint="the download is incomplete: run it again, it resumes",
    )


def _check_shards(files: tuple[Path, ...], name: str) -> None:
    """Without an index, the names tell how many there should be."""
    numbered = [match for file in files if (match := _SHARD.search(file.name))]
    missing = int(numbered[0][2]) - len(numbered) if numbered else 0
    if missing > 0:
        raise IncompleteModel(
            f"{name}: {missing} of {int(numbered[0][2])} weight files are missing",
            hint="the download is incomplete: run it again, it resumes",
        )
