"""What a model's files say, read without MLX and without a tokenizer.

`read` is also the check that a folder is a whole model: a missing or corrupt file is refused here, by name,
before anything is loaded. Only headers are read, so it takes milliseconds for a model of any size.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlxk.errors import ModelError

# Where configurations keep the length of the context, in the order of trust.
_CONTEXT_KEYS = ("max_position_embeddings", "max_sequence_length", "max_seq_len", "seq_length", "n_positions")
_DEFAULT_CONTEXT = 4096
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.json", "tekken.json")
_MAX_HEADER = 100 << 20  # the safetensors format's own limit


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts about one model folder. Lengths in tokens, sizes in bytes."""

    path: Path
    reference: str
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    weight_files: tuple[Path, ...]

    @property
    def model_type(self) -> str:
        return str(self.config["model_type"])

    @property
    def context_length(self) -> int:
        """The window the model was made for."""
        for config in (self.config, self.config.get("text_config") or {}):
            for key in _CONTEXT_KEYS:
                if isinstance(value := config.get(key), int) and value > 0:
                    return value
        return _DEFAULT_CONTEXT

    @property
    def eos_token_ids(self) -> tuple[int, ...]:
        """End-of-turn ids that config.json and generation_config.json name, without repeats."""
        sources = (self.generation_config, self.config, self.config.get("text_config") or {})
        return tuple(dict.fromkeys(token for source in sources for token in _eos_of(source)))

    @property
    def weights_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.weight_files)


def read(folder: Path, reference: str | None = None) -> ModelFacts:
    """Read and check one model folder; raises `ModelError` naming the file that is missing or broken."""
    name = reference or folder.name
    config = _read_json(folder / "config.json", name, required=True)
    if not isinstance(config.get("model_type"), str):
        raise ModelError(
            f"{name}: config.json has no `model_type`", hint="is this a language model's folder?"
        )
    weights = _weight_files(folder, name)
    for file in weights:
        _check_safetensors(file, name)
    if not any((folder / file).is_file() for file in _TOKENIZER_FILES):
        raise ModelError(
            f"{name}: the folder has no tokenizer (tokenizer.json)",
            hint="download the whole repository again, tokenizer files included",
        )
    return ModelFacts(
        path=folder,
        reference=name,
        config=config,
        generation_config=_read_json(folder / "generation_config.json", name, required=False),
        weight_files=weights,
    )


def _eos_of(source: Mapping[str, Any]) -> list[int]:
    value = source.get("eos_token_id")
    values = value if isinstance(value, list) else [value]
    return [token for token in values if isinstance(token, int)]


def _read_json(file: Path, name: str, *, required: bool) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        if not required:
            return {}
        raise ModelError(
            f"{name}: the folder has no {file.name}", hint="a model folder holds config.json and its weights"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{name}: {file.name} cannot be read: {error}", hint="download the model again"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{name}: {file.name} is not a JSON object", hint="download the model again")
    return content


def _weight_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The shards that the index names, or every `model*.safetensors` as mlx-lm loads them."""
    index = _read_json(folder / "model.safetensors.index.json", name, required=False)
    weight_map = index.get("weight_map")
    if isinstance(weight_map, dict):
        shards = sorted({str(shard) for shard in weight_map.values()})
        if missing := [shard for shard in shards if not (folder / shard).is_file()]:
            raise ModelError(
                f"{name}: {len(missing)} of {len(shards)} weight files are missing, such as {missing[0]}",
                hint="the download is incomplete: run it again, it resumes",
            )
        return tuple(folder / shard for shard in shards)
    if files := tuple(sorted(folder.glob("model*.safetensors"))):
        return files
    others = sorted(path.name for pattern in ("*.gguf", "*.bin", "*.pth") for path in folder.glob(pattern))
    raise ModelError(
        f"{name}: the folder has no weights (model*.safetensors)",
        hint=f"{others[0]} is not a format MLX loads: convert the model with mlx_lm.convert"
        if others
        else "the download is incomplete: run it again, it resumes",
    )


def _check_safetensors(file: Path, name: str) -> None:
    """Hold the header against the size of the file: a truncated or foreign file is found at once.

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
