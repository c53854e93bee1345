"""The headers of safetensors files: which tensors a model has, without their bytes.

The format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlxk.errors import ModelError

MAX_HEADER = 100 << 20  # the format's own limit, in bytes
_METADATA = "__metadata__"


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


def read(files: Iterable[Path]) -> dict[str, Tensor]:
    """All tensors of a model's weight files; raises `ModelError` naming the file that is damaged."""
    found: dict[str, Tensor] = {}
    for file in files:
        try:
            with file.open("rb") as stream:
                (length,) = struct.unpack("<Q", stream.read(8))
                found |= tensors(json.loads(stream.read(min(length, MAX_HEADER))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise ModelError(
                f"{file.name} is corrupt: {error}", hint="delete that file and download it again"
            ) from error
    return found
