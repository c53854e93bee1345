"""Decoding many sequences together, one token each a step.

The batch keeps one step ahead: while step n+1 runs on the device, the host reads the tokens of step n, unless
something else is to run between the two (`tell`). It is what mlx-lm's `GenerationBatch` does, on the same
batched caches, with three differences: probabilities are normalised only for rows that asked for them (the
largest single cost there); each row has random keys of its own; and a newcomer's first forward pass is shared
with everybody's next one.

A lone sequence decodes on its own plain cache; caches are merged when a second one joins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from typing import Any, cast

import mlx.core as mx

from mlxk.engine.base import Tokens
from mlxk.engine.loader import Model
from mlxk.engine.logprobs import Logprobs, Measured, measure
from mlxk.engine.mask import masked
from mlxk.engine.sampling import Sampler
from mlxk.engine.sequence import Sequence

Select = Callable[[Ordered[str | None]], None]  # names the adapter of each row of the next forward pass
# What one rank of a group has drawn, of shape (rows,), to what all of them go on with.
Agree = Callable[[mx.array], mx.array]


@dataclass(slots=True, eq=False)
class Row:
    """A sequence that decodes. `cache` and `input` are here while the row is in no batch.

    `cache` holds `sequence.tokens`; `input`, of shape (1,), is the token behind them.
    """

    sequence: Sequence
    cache: list[Any]
    input: mx.array
    context: Any = None  # mlx-lm's TokenBuffer, for rows with logits processors
    told: bool = True  # whether the input is known: the prompt's last token, or one that was reported
    measured: Measured | None = None  # the input's log-probability, if it was read before

    @classmethod
    def of(cls, sequence: Sequence, cache: list[Any]) -> Row:
        """A sequence whose `cache` holds its whole prompt but the last token."""
        last = mx.array([sequence.request.prompt[-1]], dtype=mx.uint32)
        return cls(sequence, cache, last, _context(sequence))

    def process(self, context: Any, logits: mx.array) -> mx.array:
        """Logits of shape (1, vocabulary) after the sequence's processors, which see `context`."""
        for processor in self.sequence.processors:
            logits = processor(context, logits)
        return logits

    def report(self, token: int, measured: Measured | None) -> Sampled:
        chosen, top = measured or ((), ())
        return Sampled(self.sequence, token, Tokens((token,), chosen, top))


@dataclass(frozen=True, slots=True)
class Sampled:
    """One token that a sequence produced."""

    sequence: Sequence
    token: int
    step: Tokens


class DecodeBatch:
    """The sequences that are decoding. Everything it holds belongs to the thread that made it."""

    def __init__(self, model: Model, select: Select, agree: Agree | None = None) -> None:
        self._model = model
        self._select = select
        self._agree = agree
        self._rows: list[Row] = []
        self._caches: list[Any] = []
        self._merged = False
        self._inputs: mx.array | None = None
        self._logprobs: Logprobs | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def sequences(self) -> list[Sequence]:
        return [row.sequence for row in self._rows]

    @property
    def lone(self) -> Row | None:
        """The only row, if there is but one."""
        return self._rows[0] if len(self._rows) == 1 else None

    def put(self, row: Row) -> None:
        """Add a row, and take its cache and input over."""
        if self._inputs is None:
            self._caches, self._merged, self._inputs = row.cache, False, row.input
        else:
            self._merge(row.cache)
            self._inputs = mx.concatenate([self._inputs, row.input])
        row.cache = []
        self._rows.append(row)

    def take(self, sequence: Sequence, *, cache: bool = True) -> Row:
        """The opposite of `put`; without the `cache` if nobody wants it."""
        index = self.sequences.index(sequence)
        row, inputs = self._rows[index], self._inputs
        if inputs is None:
            raise ValueError("a batch with rows has inputs")
        row.cache, row.input = self._extract(index) if cache else [], inputs[index : index + 1]
        if self._logprobs is not None and row.measured is None:
            row.measured = self._logprobs.read().get(sequence.key)
        self._keep([other for other in range(len(self._rows)) if other != index])
        return row

    def _merge(self, cache: list[Any]) -> None:
        if self._merged:
            for batched, single in zip(self._caches, cache, strict=True):
                batched.extend(single.merge([single]))
        else:
            pairs = zip(self._caches, cache, strict=True)
            self._caches = [first.merge([first, second]) for first, second in pairs]
            self._merged = True

    def step(self) -> list[Sampled]:
        """Start drawing the next token of every row; gives those that were drawn before and not told yet."""
        if self._inputs is None:
            return []
        inputs, logprobs = self._inputs, self._logprobs
        self._select([row.sequence.request.adapter for row in self._rows])
        logits = self._model(inputs[:, None], cache=self._caches)[:, -1, :]
        logits, contexts = self._process(logits, inputs)
        if self._bound():
            mx.async_eval(logits, contexts)
            sampled = self._take_in(inputs, logprobs)
            self._draw(self._restrict(logits), contexts)
        else:
            self._draw(logits, contexts)
            sampled = self._take_in(inputs, logprobs)
        return sampled

    def tell(self) -> list[Sampled]:
        """Wait for the tokens that were drawn last, and give them; the next `step` will not again."""
        if self._inputs is None or all(row.told for row in self._rows):
            return []
        return self._tell(cast(list[int], self._inputs.tolist()), self._logprobs)

    def _bound(self) -> bool:
        return any(guide.binding for row in self._rows for guide in row.sequence.guides)

    def _take_in(self, inputs: mx.array, logprobs: Logprobs | None) -> list[Sampled]:
        """The inputs are in the caches now, and others take their place."""
        tokens = cast(list[int], inputs.tolist())
        sampled = self._tell(tokens, logprobs)
        for row, token in zip(self._rows, tokens, strict=True):
            row.sequence.tokens.append(token)
            row.told = False
        return sampled

    def _tell(self, tokens: Ordered[int], logprobs: Logprobs | None) -> list[Sampled]:
        """Report what was drawn, and show it to the guides, where that was not done before."""
        measured = {} if logprobs is None else logprobs.read()
        sampled = []
        for row, token in zip(self._rows, tokens, strict=True):
            known, row.measured = row.measured, None
            if row.told:
                continue
            for guide in row.sequence.guides:
                guide.accept(token)
            sampled.append(row.report(token, known or measured.get(row.sequence.key)))
            row.told = True
        return sampled

    def _restrict(self, logits: mx.array) -> mx.array:
        """What guides forbid becomes -inf; a forced token is stronger than any mask, penalty or bias."""
        masks: dict[int, bytes] = {}
        forced: dict[int, int] = {}
        for index, row in enumerate(self._rows):
            for guide in row.sequence.guides:
                if (token := guide.forced) is not None:
                    forced[index] = token
                elif (mask := guide.mask) is not None:
                    masks[index] = mask
        if masks:
            rows = mx.array(list(masks))
            logits[rows] = masked(logits[rows], list(masks.values()))
        if forced:
            rows = mx.array(list(forced))
            only = mx.full((len(forced), logits.shape[-1]), -mx.inf, dtype=logits.dtype)
            only[mx.arange(len(forced)), mx.array(list(forced.values()))] = 0.0
            logits[rows] = only
        return logits

    def _draw(self, logits: mx.array, contexts: list[mx.array]) -> None:
        drawn = self._sample(logits)
        if self._agree is not None:
            drawn = self._agree(drawn)
        self._logprobs = measure(self._asked(), logits, drawn)
        self._inputs = drawn
        for row in self._rows:
            row.sequence.drawn += 1
        mx.async_eval(drawn, contexts, self._logprobs.arrays if self._logprobs else ())

    def _process(self, logits: mx.array, inputs: mx.array) -> tuple[mx.array, list[mx.array]]:
        if not any(row.sequence.processors for row in self._rows):
            return logits, []
        processed, contexts = [], []
        for index, row in enumerate(self._rows):
            part = logits[index : index + 1]
            if row.context is not None:
                context = row.context.update_and_fetch(inputs[index : index + 1])
                contexts.append(context)
                part = row.process(context, part)
            processed.append(part)
        return mx.concatenate(processed), contexts

    def _sample(self, logits: mx.array) -> mx.array:
        keys = mx.array([(row.sequence.seed, row.sequence.drawn) for row in self._rows], dtype=mx.uint32)
        groups: dict[Sampler, list[int]] = {}
        for index, row in enumerate(self._rows):
            groups.setdefault(row.sequence.sampler, []).append(index)
        if len(groups) == 1:
            return next(iter(groups))(logits, keys)
        drawn = mx.zeros((len(self._rows),), dtype=mx.uint32)
        for sampler, members in groups.items():
            rows = mx.array(members)
            drawn[rows] = sampler(logits[rows], keys[rows])
        return drawn

    def _asked(self) -> list[tuple[int, int | None]]:
        return [(row.sequence.key, row.sequence.request.top_logprobs) for row in self._rows]

    def leave(self, leaving: Iterable[Sequence]) -> None:
        """Take sequences out; each gets a cache of its own back, which holds `sequence.tokens`, if any."""
        gone = set(leaving)
        if not gone:
            return
        keep = [index for index, row in enumerate(self._rows) if row.sequence not in gone]
        for index, row in enumerate(self._rows):
            if row.sequence in gone and row.sequence.tokens:
                row.sequence.cache = self._extract(index)
                mx.async_eval([layer.state for layer in row.sequence.cache])
        self._keep(keep)

    def _extract(self, index: int) -> list[Any]:
        return [cache.extract(index) for cache in self._caches] if self._merged else self._caches

    def _keep(self, keep: list[int]) -> None:
        self._rows = [self._rows[index] for index in keep]
        if not keep or self._inputs is None:
            self.clear()
            return
        for cache in self._caches:
            cache.filter(keep)
        self._inputs = self._inputs[mx.array(keep)]

    def clear(self) -> None:
        """Forget every sequence."""
        self._rows, self._caches, self._merged = [], [], False
        self._inputs = self._logprobs = None


def _context(sequence: Sequence) -> Any:
    if not sequence.processors:
        return None
    from mlx_lm.models.cache import TokenBuffer

    return TokenBuffer(sequence.tokens)
