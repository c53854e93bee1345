"""Weights on disk: which files a model has, and whether each is a whole safetensors file.

Only headers are read, so it takes milliseconds for a file of any size.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

from mlxk.errors import IncompleteModel, ModelError, UnsupportedModel
from mlxk.hub.files import read_json

INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.safetensors$")
_MAX_HEADER = 100 << 20  # the safetensors format's own limit


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


def check_safetensors(file: Path, name: str) -> frozenset[str]:
    """Hold the header against the size of the file: a truncated or foreign file is found at once.

    Gives the names of the tensors in it; raises `ModelError`.

    The format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
    https://huggingface.co/docs/safetensors
    """
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= min(size, _MAX_HEADER) else None
        if not isinstance(header, dict):
            raise ValueError("its header is not a safetensors header")
        tensors = [entry for key, entry in header.items() if key != "__metadata__"]
        end = 8 + length + max((entry["data_offsets"][1] for entry in tensors), default=0)
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise ModelError(
            f"{name}: {file.name} is corrupt: {error}", hint="delete that file and download it again"
        ) from error
    if end != size:
        raise ModelError(
            f"{name}: {file.name} is truncated or corrupt: it should have {end:,} bytes and has {size:,}",
            hint="delete that file and download it again",
        )
    return frozenset(key for key in header if key != "__metadata__")
