"""Speculative decoding: a small model guesses some tokens ahead, and the large one checks them in one pass.

The large model draws a token of its own at every position, with the sampler and the random key that the
position would have without a draft; guesses are kept as far as they are what was drawn. So a draft changes
the speed and never the text, also where sampling is random: the guesses are drawn with the same keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mlx.core as mx

from mlxk.engine.batch import Row, Sampled
from mlxk.engine.kv import Caches
from mlxk.engine.loader import LoadedModel
from mlxk.engine.logprobs import measure
from mlxk.engine.sequence import Sequence
from mlxk.errors import ModelError

_CUT_BACK = {
    "KVCache",
    "QuantizedKV",
}  # caches from which the last tokens can be taken out, whatever their length
_SPARE = 1024  # relatives may differ in some added tokens


class Drafter:
    """Guesses for one sequence at a time; its cache follows that sequence's tokens."""

    def __init__(self, loaded: LoadedModel, *, tokens: int, prefill_step: int, vocabulary: int) -> None:
        self.tokens = tokens
        self._model = loaded.model
        self._caches = Caches(loaded.model)
        self._step = prefill_step
        self._vocabulary = vocabulary
        self.forget()

    def forget(self) -> None:
        self._cache = self._caches.new()
        self._key: int | None = None
        self._held: list[int] = []  # tokens in the cache
        self._same = 0  # how many of them are known to be the sequence's

    def guess(self, sequence: Sequence, last: mx.array, count: int) -> mx.array | None:
        """`count` ids that may follow `last`, which follows `sequence.tokens`; not evaluated.

        `None` while the cache is behind: each call then brings it nearer by one chunk.
        """
        self._rewind(sequence)
        missing = sequence.tokens[len(self._held) :]
        if len(missing) > self._step:
            self._feed(missing[: self._step])
            return None
        self._held += missing
        inputs = mx.concatenate([mx.array(missing, dtype=mx.uint32), last])
        drawn: list[mx.array] = []
        for index in range(count):
            logits = self._model(inputs[None], cache=self._cache)[:, -1, : self._vocabulary]
            inputs = sequence.sampler(logits, _keys(sequence, index, 1))
            drawn.append(inputs)
        mx.async_eval(drawn)
        return mx.concatenate(drawn)

    def fed(self, last: int, guesses: list[int]) -> None:
        """What `guess` put into the cache: `last` and all but the last of the guesses."""
        self._held += [last, *guesses[:-1]]

    def _feed(self, chunk: list[int]) -> None:
        self._model(mx.array([chunk]), cache=self._cache)
        mx.eval([layer.state for layer in self._cache])
        mx.clear_cache()
        self._held += chunk

    def _rewind(self, sequence: Sequence) -> None:
        """Cut the cache back to where it holds the sequence's own tokens."""
        if self._key != sequence.key:
            self._key, self._same = sequence.key, 0
        while self._same < min(len(self._held), len(sequence.tokens)):
            if self._held[self._same] != sequence.tokens[self._same]:
                break
            self._same += 1
        if (wrong := len(self._held) - self._same) > 0:
            _trim(self._cache, wrong)
            del self._held[self._same :]


@dataclass(frozen=True, slots=True)
class Speculator:
    """Steps of a sequence that decodes alone. `model` is the large one, whose cache may be quantised when it
    holds `quantized_from` tokens."""

    model: LoadedModel
    drafter: Drafter
    quantized_from: int = 0

    def room(self, row: Row) -> int:
        """How many guesses the row's next step may check: none where each token must be seen first."""
        sequence = row.sequence
        if sequence.guides:
            return 0
        untold = 1 if row.told else 2  # the input, and what is drawn behind the guesses
        room = min(self.drafter.tokens, sequence.limit - sequence.produced - untold)
        # Tokens behind that place see quantised keys and values.
        until = self.quantized_from - len(sequence.tokens)
        return min(room, until - 1) if until > 0 else room

    def step(self, row: Row) -> list[Sampled] | None:
        """The row's next tokens, at least the pending one; `None` if the drafter is not ready."""
        sequence, count = row.sequence, self.room(row)
        guesses = self.drafter.guess(sequence, row.input, count)
        if guesses is None:
            return None
        inputs = mx.concatenate([row.input, guesses])
        logits = self.model.model(inputs[None], cache=row.cache)[0]
        logits = self._processed(row, logits, inputs)
        drawn = sequence.sampler(logits, _keys(sequence, 0, count + 1))
        asked = [(index, sequence.request.top_logprobs) for index in range(count + 1)]
        logprobs = measure(asked, logits, drawn)
        mx.eval(inputs, drawn)
        last, *guessed = cast(list[int], inputs.tolist())
        self.drafter.fed(last, guessed)
        tokens = cast(list[int], drawn.tolist())
        right = next((index for index in range(count) if tokens[index] != guessed[index]), count)
        _trim(row.cache, count - right)
        measured = {} if logprobs is None else logprobs.read()
        reports = [] if row.told else [row.report(last, row.measured)]
        reports += [row.report(token, measured.get(index)) for index, token in enumerate(tokens[:right])]
        sequence.tokens += [last, *tokens[:right]]
        sequence.drawn += right + 1
        if row.context is not None and right:
            row.context.update_and_fetch(drawn[:right])
        row.input, row.measured, row.told = drawn[right : right + 1], measured.get(right), False
        return reports

    def _processed(self, row: Row, logits: mx.array, inputs: mx.array) -> mx.array:
        """Each position's logits, after processors that see the text up to there."""
        if row.context is None:
            return logits
        before = row.context.update_and_fetch(inputs[:1])
        parts = [
            row.process(mx.concatenate([before, inputs[1 : index + 1]]), logits[index : index + 1])
            for index in range(logits.shape[0])
        ]
        return mx.concatenate(parts)


def _keys(sequence: Sequence, ahead: int, count: int) -> mx.array:
    """Random keys of positions that are not drawn yet, of shape (count, 2)."""
    start = sequence.drawn + ahead
    return mx.array([(sequence.seed, start + index) for index in range(count)], dtype=mx.uint32)


def _trim(cache: list[Any], tokens: int) -> None:
    for layer in cache:
        layer.trim(tokens)


def check(target: Caches, target_folder: Path, draft: LoadedModel, draft_folder: Path) -> None:
    """Raises `ModelError` where the two cannot work together, with the reason."""
    if (difference := vocabulary_difference(target_folder, draft_folder)) is not None:
        raise ModelError(
            f"model.draft cannot be used: {draft_folder.name} has another vocabulary than "
            f"{target_folder.name}: {difference}",
            hint="choose a small model of the same family",
        )
    for caches, folder in ((target, target_folder), (Caches(draft.model), draft_folder)):
        others = {type(layer).__name__ for layer in caches.new()} - _CUT_BACK
        if others:
            raise ModelError(
                f"model.draft cannot be used: {folder.name} keeps a state that cannot be taken back "
                f"({', '.join(sorted(others))})",
                hint="speculative decoding needs models with full attention only; leave `model.draft` out",
            )


def vocabulary_difference(target: Path, draft: Path) -> str | None:
    """How two folders' tokenizers differ in the ids that both have; `None` if they do not."""
    one, other = (_vocabulary(folder) for folder in (target, draft))
    if one is None or other is None:
        return None if one is other else "one of them has no tokenizer.json"
    for index in sorted(one.keys() & other.keys()):
        if one[index] != other[index]:
            return f"its token {index} is {other[index]!r}, not {one[index]!r}"
    if abs(len(one) - len(other)) > _SPARE:
        return f"it has {len(other)} tokens, not {len(one)}"
    return None


def _vocabulary(folder: Path) -> Mapping[int, str] | None:
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    description = json.loads(file.read_text("utf-8"))
    listed = description.get("model", {}).get("vocab", {})
    if isinstance(listed, list):  # Unigram: pairs of a piece and its score
        table = {index: str(pair[0]) for index, pair in enumerate(listed)}
    else:
        table = {int(index): str(text) for text, index in listed.items()}
    return table | {int(token["id"]): str(token["content"]) for token in description.get("added_tokens", ())}
