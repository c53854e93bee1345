"""Log-probabilities of the tokens drawn in one step, for the requests that asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import mlx.core as mx

from mlxk.engine.base import EngineRequest
from mlxk.engine.sampling import normalised

Top = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """Not evaluated yet. Shapes: `chosen` (requests,), `ids` and `values` (requests, most alternatives)."""

    requests: tuple[EngineRequest, ...]
    chosen: mx.array
    ids: mx.array
    values: mx.array

    @property
    def arrays(self) -> tuple[mx.array, ...]:
        return self.chosen, self.ids, self.values

    def read(self) -> dict[str, tuple[tuple[float], tuple[Top]]]:
        """By request id: the log-probability of its token and the likeliest alternatives, best first."""
        chosen = cast(list[float], self.chosen.tolist())
        ids = cast(list[list[int]], self.ids.tolist())
        values = cast(list[list[float]], self.values.tolist())
        read = {}
        for request, logprob, row_ids, row_values in zip(self.requests, chosen, ids, values, strict=True):
            pairs = sorted(zip(row_ids, row_values, strict=True), key=lambda pair: -pair[1])
            read[request.id] = ((logprob,), (tuple(pairs[: request.top_logprobs]),))
        return read


def measure(requests: Sequence[EngineRequest], logits: mx.array, drawn: mx.array) -> Logprobs | None:
    """Of `drawn` (rows,) under `logits` (rows, vocabulary); `None` when no request asked."""
    asking = [index for index, request in enumerate(requests) if request.top_logprobs is not None]
    if not asking:
        return None
    rows = mx.array(asking)
    logprobs = normalised(logits[rows])
    chosen = mx.take_along_axis(logprobs, drawn[rows][:, None], axis=-1)[:, 0]
    top = min(max(requests[index].top_logprobs or 0 for index in asking), logits.shape[-1])
    ids = mx.argpartition(-logprobs, kth=max(top - 1, 0), axis=-1)[:, :top]
    values = mx.take_along_axis(logprobs, ids, axis=-1)
    return Logprobs(tuple(requests[index] for index in asking), chosen, ids, values)
