"""The headers of safetensors files: which tensors a model has, without their bytes.

The format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlxk.errors import ModelError

_MAX_HEADER = 100 << 20  # the format's own limit, in bytes
_METADATA = "__metadata__"
# What reading meets in a file that is none of this format.
_NO_HEADER = (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, struct.error)


@dataclass(frozen=True, slots=True)
class Tensor:
    """`dtype` as the format names it, such as `BF16`; `nbytes` are its bytes in the file."""

    dtype: str
    shape: tuple[int, ...]
    nbytes: int


Tensors = Mapping[str, Tensor]


def tensors(header: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of one parsed header, also of one that came over the network.

    Raises `KeyError`, `TypeError` or `ValueError` for one that is none.
    """
    found = {}
    for name, entry in header.items():
        if name != _METADATA:
            start, end = entry["data_offsets"]
            found[name] = Tensor(str(entry["dtype"]), tuple(int(n) for n in entry["shape"]), end - start)
    return found


def read(file: Path, name: str) -> dict[str, Tensor]:
    """The tensors of one file, whose header is held against its size: a truncated or foreign file is found.

    Takes milliseconds for a file of any size; raises `ModelError`. `name` is the model's, for messages.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= min(size, _MAX_HEADER) else None
        if not isinstance(header, dict):
            raise ValueError("its header is not a safetensors header")
        found = tensors(header)
        ends = (entry["data_offsets"][1] for key, entry in header.items() if key != _METADATA)
        end = 8 + length + max(ends, default=0)
    except _NO_HEADER as error:
        raise ModelError(
            f"{name}: {file.name} is corrupt: {error}", hint="delete that file and download it again"
        ) from error
    if end != size:
        raise ModelError(
            f"{name}: {file.name} is truncated or corrupt: it should have {end:,} bytes and has {size:,}",
            hint="delete that file and download it again",
        )
    return found
