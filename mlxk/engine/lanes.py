"""Which sequences share a forward pass.

Sequences that decode are in lanes, a `DecodeBatch` each: those with quantised caches apart from those
without, and, where a model's adapters cannot be mixed, those of each adapter. All lanes take one step in
turn, so none waits longer than the others' steps. A sequence that decodes alone may have its tokens guessed
ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlxk.engine.adapters import AdapterBank
from mlxk.engine.batch import Agree, DecodeBatch, Row, Sampled
from mlxk.engine.draft import Speculator
from mlxk.engine.kv import Caches, is_quantized
from mlxk.engine.loader import Model
from mlxk.engine.sequence import Sequence

_Lane = tuple[str | None, bool]


class Lanes:
    """The sequences that are decoding. Everything it holds belongs to the thread that made it."""

    def __init__(
        self,
        model: Model,
        caches: Caches,
        adapters: AdapterBank,
        speculator: Speculator | None,
        agree: Agree | None = None,
    ) -> None:
        self._model = model
        self._caches = caches
        self._adapters = adapters
        self._speculator = speculator
        self._agree = agree
        self._batches: dict[_Lane, DecodeBatch] = {}

    def join(self, sequence: Sequence) -> None:
        """Add a sequence whose cache holds all of its target but the last token."""
        if sequence.cache is None:
            raise ValueError("a sequence joins with its cache")
        cache, sequence.cache = sequence.cache, None
        row, sequence.row = sequence.row, None
        if row is None:
            row = Row.of(sequence, cache)
        else:
            row.cache = cache
        self._put(row)

    def drop(self, sequence: Sequence) -> Row:
        """Take a sequence out without its cache, to `join` again later."""
        (batch,) = (batch for batch in self._batches.values() if sequence in batch.sequences)
        row = batch.take(sequence, cache=False)
        self._sweep()
        return row

    def _put(self, row: Row) -> None:
        lane = self._lane(row.sequence, row.cache)
        if lane not in self._batches:
            self._batches[lane] = DecodeBatch(self._model, self._adapters.select, self._agree)
        self._batches[lane].put(row)

    def _lane(self, sequence: Sequence, cache: list[Any]) -> _Lane:
        return None if self._adapters.mixes else sequence.request.adapter, is_quantized(cache)

    def step(self) -> list[Sampled]:
        """Draw the next token of every sequence, or several of a lone one."""
        self._quantize()
        if (sampled := self._speculate()) is not None:
            return sampled
        return [item for batch in self._batches.values() for item in batch.step()]

    def tell(self) -> list[Sampled]:
        """Wait for what was drawn last, and give it."""
        return [item for batch in self._batches.values() for item in batch.tell()]

    def _quantize(self) -> None:
        """Move sequences that have become long enough to where caches are quantised."""
        if self._caches.kv is None or not self._caches.kv.start:
            return
        start = self._caches.kv.start
        for (_, quantized), batch in list(self._batches.items()):
            for sequence in batch.sequences:
                if not quantized and len(sequence.tokens) >= start:
                    row = batch.take(sequence)
                    row.cache = self._caches.quantized(row.cache)
                    self._put(row)
        self._sweep()

    def _speculate(self) -> list[Sampled] | None:
        if self._speculator is None or len(self._batches) != 1:
            return None
        (batch,) = self._batches.values()
        if (lone := batch.lone) is None or self._speculator.room(lone) < 1:
            return None
        row = batch.take(lone.sequence)
        try:
            self._adapters.select([row.sequence.request.adapter])
            return self._speculator.step(row)
        finally:
            batch.put(row)

    def leave(self, leaving: Iterable[Sequence]) -> None:
        """Take sequences out; each gets a cache of its own back, which holds `sequence.tokens`."""
        gone = set(leaving)
        for batch in self._batches.values():
            batch.leave(gone.intersection(batch.sequences))
        self._sweep()

    def _sweep(self) -> None:
        self._batches = {lane: batch for lane, batch in self._batches.items() if len(batch)}

    def clear(self) -> None:
        """Forget every sequence."""
        self._batches.clear()
        if self._speculator is not None:
            self._speculator.drafter.forget()
