"""Quantised keys and values, for one sequence and for many together.

mlx-lm quantises the cache of a single sequence and has no batched form of it; `BatchQuantizedKV` is that
form, with left padding as in mlx-lm's `BatchKVCache`. Attention over both is mlx-lm's own: it looks at
`bits`. Import this module only after `upstream.prepare`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import mlx.core as mx
from mlx_lm.models.base import create_causal_mask
from mlx_lm.models.cache import KVCache, QuantizedKVCache

Triple = tuple[mx.array, mx.array, mx.array]  # packed numbers, scales, biases
_LENGTH_AXIS = 2
_STEP = 256  # positions by which arrays grow, so that most updates copy nothing


def _with_room(held: list[mx.array] | None, new: list[mx.array], start: int, end: int) -> list[mx.array]:
    """What is held, with room for positions up to `end`, of the shapes that `new` has behind `start`."""
    if held is not None and end <= held[0].shape[_LENGTH_AXIS]:
        return held
    room = -(-(end - start) // _STEP) * _STEP
    grown = []
    for index, part in enumerate(new):
        more = mx.zeros([*part.shape[:_LENGTH_AXIS], room, part.shape[-1]], dtype=part.dtype)
        if held is not None:
            more = mx.concatenate([held[index][..., :start, :], more], axis=_LENGTH_AXIS)
        grown.append(more)
    return grown


def _added(arrays: list[mx.array], new: list[mx.array], start: int, end: int) -> tuple[Triple, Triple]:
    """Put new positions in their place; gives all up to them."""
    for array, part in zip(arrays, new, strict=True):
        array[..., start:end, :] = part
    seen = [array[..., :end, :] for array in arrays]
    return (seen[0], seen[1], seen[2]), (seen[3], seen[4], seen[5])


class QuantizedKV(QuantizedKVCache):
    """mlx-lm's, and it can be merged with others. Widths are what MLX makes of any number of bits."""

    keys: Any
    values: Any

    @classmethod
    def of(cls, cache: KVCache, *, bits: int, group_size: int) -> QuantizedKV:
        """A cache with the same content, quantised."""
        made = cls(group_size=group_size, bits=bits)
        made.offset = cache.offset
        if cache.keys is not None and cache.values is not None:
            made.keys = mx.quantize(cache.keys, group_size=group_size, bits=bits)
            made.values = mx.quantize(cache.values, group_size=group_size, bits=bits)
        return made

    def size(self) -> int:
        return int(self.offset)

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[Triple, Triple]:
        """Add new positions; gives all keys and values."""
        new = [part for array in (keys, values) for part in mx.quantize(array, self.group_size, self.bits)]
        start, end = self.offset, self.offset + keys.shape[_LENGTH_AXIS]
        held = None if self.keys is None else [*self.keys, *self.values]
        arrays = _with_room(held, new, start, end)
        self.keys, self.values, self.offset = tuple(arrays[:3]), tuple(arrays[3:]), end
        return _added(arrays, new, start, end)

    @classmethod
    def merge(cls, caches: Sequence[QuantizedKV]) -> BatchQuantizedKV:
        return BatchQuantizedKV.merge(caches)


class BatchQuantizedKV:
    """Rows end at the same place: shorter ones have padding on the left, which attention does not see.

    `arrays` are the triples of keys and values, six arrays of shape (rows, heads, length, …). `offset` of
    shape (rows,) are the rows' own positions, as rotary embeddings need them.
    """

    def __init__(self, left_padding: Sequence[int], *, bits: int, group_size: int) -> None:
        self.bits = bits
        self.group_size = group_size
        self.left_padding = mx.array(list(left_padding))
        self.offset = mx.array([-padding for padding in left_padding])
        self.arrays: list[mx.array] | None = None
        self._length = 0

    @property
    def state(self) -> tuple[list[mx.array] | None, mx.array, mx.array]:
        return self.arrays, self.offset, self.left_padding

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays or ())

    def size(self) -> int:
        return self._length

    def empty(self) -> bool:
        return self.arrays is None

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[Triple, Triple]:
        """Add new positions to every row; gives all keys and values."""
        new = [part for array in (keys, values) for part in mx.quantize(array, self.group_size, self.bits)]
        start, end = self._length, self._length + keys.shape[_LENGTH_AXIS]
        self.arrays = _with_room(self.arrays, new, start, end)
        self._length = end
        self.offset = self.offset + keys.shape[_LENGTH_AXIS]
        return _added(self.arrays, new, start, end)

    def make_mask(self, length: int, return_array: bool = False, **more: Any) -> mx.array:
        """Of shape (rows, 1, length, all positions); true where a new position may look."""
        mask: mx.array = create_causal_mask(
            length, offset=self._length, left_padding=self.left_padding, **more
        )
        return mask

    def filter(self, keep: Sequence[int]) -> None:
        """Keep these rows, and no more padding than they need."""
        rows = mx.array(list(keep))
        self.offset, self.left_padding = self.offset[rows], self.left_padding[rows]
        spare = min(cast(list[int], self.left_padding.tolist()))
        self._change(lambda array: array[rows][..., spare:, :])
        self._length -= spare
        self.left_padding = self.left_padding - spare

    def _change(self, change: Callable[[mx.array], mx.array]) -> None:
        if self.arrays is not None:
            self.arrays = [change(array) for array in self.arrays]

    def extend(self, other: BatchQuantizedKV) -> None:
        """Take the rows of `other` behind the own ones."""
        length = max(self._length, other._length)
        like = self.arrays or other.arrays or []
        mine, theirs = self._padded(length, like), other._padded(length, like)
        self.arrays = [mx.concatenate(list(pair)) for pair in zip(mine, theirs, strict=True)] or None
        self.left_padding = mx.concatenate(
            [
                self.left_padding + (length - self._length),
                other.left_padding + (length - other._length),
            ]
        )
        self.offset = mx.concatenate([self.offset, other.offset])
        self._length = length

    def _padded(self, length: int, like: list[mx.array]) -> list[mx.array]:
        """The arrays, moved to the right so that they end at `length`; zeros where there are none yet."""
        if self.arrays is None:
            rows = self.offset.shape[0]
            return [mx.zeros((rows, part.shape[1], length, part.shape[3]), dtype=part.dtype) for part in like]
        left = [(0, 0), (0, 0), (length - self._length, 0), (0, 0)]
        return [mx.pad(array[..., : self._length, :], left) for array in self.arrays]

    def extract(self, row: int) -> QuantizedKV:
        """One row as a cache of its own."""
        cache = QuantizedKV(group_size=self.group_size, bits=self.bits)
        padding = cast(list[int], self.left_padding.tolist())[row]
        if self.arrays is not None:
            own = [mx.contiguous(array[row : row + 1, :, padding : self._length]) for array in self.arrays]
            cache.keys, cache.values = tuple(own[:3]), tuple(own[3:])
        cache.offset = self._length - padding
        return cache

    @classmethod
    def merge(cls, caches: Sequence[QuantizedKV]) -> BatchQuantizedKV:
        merged = cls._single(caches[0])
        for cache in caches[1:]:
            merged.extend(cls._single(cache))
        return merged

    @classmethod
    def _single(cls, cache: QuantizedKV) -> BatchQuantizedKV:
        made = cls([0], bits=cache.bits, group_size=cache.group_size)
        made._length = cache.size()
        made.offset = mx.array([made._length])
        if cache.keys is not None:
            made.arrays = [array[..., : made._length, :] for array in (*cache.keys, *cache.values)]
        return made
