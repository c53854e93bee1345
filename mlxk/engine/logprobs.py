"""Log-probabilities of the tokens drawn in one step, for the sequences that asked for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import mlx.core as mx

from mlxk.engine.sampling import normalised

Top = tuple[tuple[int, float], ...]
Measured = tuple[tuple[float], tuple[Top]]


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """Not evaluated yet. `asked` are (key, alternatives) pairs of sequences.

    Shapes: `chosen` (asked,), `ids` and `values` (asked, the most alternatives).
    """

    asked: tuple[tuple[int, int], ...]
    chosen: mx.array
    ids: mx.array
    values: mx.array

    @property
    def arrays(self) -> tuple[mx.array, ...]:
        return self.chosen, self.ids, self.values

    def read(self) -> dict[int, Measured]:
        """By key: the log-probability of its token and the likeliest alternatives, best first.

        What a constraint forbids is no alternative.
        """
        chosen = cast(list[float], self.chosen.tolist())
        ids = cast(list[list[int]], self.ids.tolist())
        values = cast(list[list[float]], self.values.tolist())
        read = {}
        for (key, count), logprob, row_ids, row_values in zip(self.asked, chosen, ids, values, strict=True):
            allowed = (pair for pair in zip(row_ids, row_values, strict=True) if pair[1] > -math.inf)
            pairs = sorted(allowed, key=lambda pair: -pair[1])
            read[key] = ((logprob,), (tuple(pairs[:count]),))
        return read


def measure(asked: Sequence[tuple[int, int | None]], logits: mx.array, drawn: mx.array) -> Logprobs | None:
    """Of `drawn` (rows,) under `logits` (rows, vocabulary).

    `asked` has a (key, alternatives) pair for each row; where the second is `None`, nothing is computed.
    """
    rows = [index for index, (_, count) in enumerate(asked) if count is not None]
    if not rows:
        return None
    chosen_rows = mx.array(rows)
    logprobs = normalised(logits[chosen_rows])
    chosen = mx.take_along_axis(logprobs, drawn[chosen_rows][:, None], axis=-1)[:, 0]
    wanted = tuple((asked[index][0], asked[index][1] or 0) for index in rows)
    top = min(max(count for _, count in wanted), logits.shape[-1])
    ids = mx.argpartition(-logprobs, kth=max(top - 1, 0), axis=-1)[:, :top]
    values = mx.take_along_axis(logprobs, ids, axis=-1)
    return Logprobs(wanted, chosen, ids, values)
