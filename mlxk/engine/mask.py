"""Bit masks over the vocabulary, applied to logits on the device.

A mask travels as packed bits, 19 KB for a vocabulary of 152k ids, and is unpacked by a look-up: each byte
names one of 256 rows of eight summands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import mlx.core as mx


def masked(logits: mx.array, masks: Sequence[bytes]) -> mx.array:
    """Logits of shape (rows, vocabulary) with -inf where the row's bit is 0, lowest bit first, or missing."""
    rows, vocabulary = logits.shape
    size = -(-vocabulary // 8)
    packed = b"".join(mask[:size].ljust(size, b"\0") for mask in masks)
    # Any buffer makes an array; MLX's stubs do not say so.
    numbers = mx.array(cast(Any, memoryview(packed))).reshape(rows, size)
    summands = _summands(logits.dtype)[numbers].reshape(rows, size * 8)
    return logits + summands[:, :vocabulary]


def _summands(dtype: mx.Dtype) -> mx.array:
    """Of shape (256, 8): 0 where the byte's bit is set, -inf where it is not."""
    bits = (mx.arange(256)[:, None] >> mx.arange(8)) & 1
    return mx.where(bits == 1, mx.array(0.0, dtype), mx.array(-mx.inf, dtype))
