"""What the keys and values of a model depend on, as one hash: two models with the same one share caches."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import msgspec

from mlxk.engine.base import KVQuantization

_FORMAT = 1  # of what is written to disk
_CONTENT = (".json", ".py")  # small files, which are read whole
_WEIGHTS = ".safetensors"
_HEADER = 1 << 16  # bytes of a weights file's beginning, where its tensors are listed


def identity(model: Path, adapter: Path | None, kv: KVQuantization | None) -> str:
    """A hash over the model's files, the adapter's, how keys and values are kept, and mlx-lm's version.

    Weights count by name, size, time and the beginning of their header: reading all of them takes as long as
    loading the model. A copy with other times is another model, which costs a cold start and never a wrong
    answer. Raises `OSError`.
    """
    parts = [
        _FORMAT,
        version("mlx-lm"),
        _files(model),
        None if adapter is None else _files(adapter),
        None if kv is None else msgspec.structs.astuple(kv),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _files(folder: Path) -> list[tuple[str, str]]:
    return [(file.name, _digest(file)) for file in sorted(folder.iterdir()) if _counts(file)]


def _counts(file: Path) -> bool:
    return file.suffix in (*_CONTENT, _WEIGHTS) and file.is_file()


def _digest(file: Path) -> str:
    if file.suffix != _WEIGHTS:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    status = file.stat()
    with file.open("rb") as stream:
        beginning = stream.read(_HEADER)
    digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns} ".encode())
    digest.update(beginning)
    return digest.hexdigest()
