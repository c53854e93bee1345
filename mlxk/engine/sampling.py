"""How the next token is drawn from logits, for many requests at once.

A `Sampler` is a value: rows of a batch with equal settings have equal samplers and are drawn in one call.
Randomness is a pure function of a request's seed and a token's position, so the same request gives the same
tokens alone and in a batch.

The filters do what those of `mlx_lm.sample_utils` do, in the same order, on log-probabilities before the
temperature. Those cannot be used here: each is compiled once more for every new parameter value (0.6 s on a
CPU), and they draw from one global random state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from mlxk.engine import upstream
from mlxk.requests import SamplingParams

Processor = Callable[[mx.array, mx.array], mx.array]
XTC_STREAM = 0x9E3779B9
COLDEST = 1e-6  # a lower temperature than this takes the likeliest token: the quotient would overflow
# More than any logit is off: a bias of this size forbids or forces a token, in half precision too.
STRONGEST_BIAS = 1e4
MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws one token for each row of logits of shape (rows, vocabulary).

    `kept` of the likeliest ids are safe from `min_p`, `spared` ids from XTC.
    """

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    kept: int
    xtc_probability: float
    xtc_threshold: float
    spared: tuple[int, ...] = ()

    @classmethod
    def of(cls, params: SamplingParams, stop_tokens: tuple[int, ...]) -> Sampler:
        if params.temperature < COLDEST:
            return cls(0.0, 1.0, 0, 0.0, 1, 0.0, 0.0)
        return cls(
            params.temperature,
            params.top_p,
            params.top_k,
            params.min_p,
            params.min_tokens_to_keep if params.min_p > 0 else 1,
            params.xtc_probability,
            params.xtc_threshold,
            (*stop_tokens, *params.xtc_special_tokens) if params.xtc_probability > 0 else (),
        )

    def __call__(self, logits: mx.array, keys: mx.array) -> mx.array:
        """Token ids of shape (rows,); `keys` of shape (rows, 2) are the rows' random keys."""
        if self.temperature == 0:
            return mx.argmax(logits, axis=-1).astype(mx.uint32)
        logprobs = normalised(logits)
        if 0 < self.top_p < 1:
            logprobs = top_p(logprobs, self.top_p)
        if self.min_p > 0:
            logprobs = min_p(logprobs, self.min_p, self.kept)
        if self.xtc_probability > 0:
            logprobs = self._xtc(logprobs, keys)
        if 0 < self.top_k < logits.shape[-1]:
            logprobs = top_k(logprobs, self.top_k)
        noise = mx.vmap(lambda key: mx.random.gumbel(shape=logits.shape[-1:], key=key))(keys)
        return mx.argmax(logprobs / self.temperature + noise, axis=-1).astype(mx.uint32)

    def _xtc(self, logprobs: mx.array, keys: mx.array) -> mx.array:
        own = keys ^ mx.array([XTC_STREAM, 0], dtype=mx.uint32)
        draws = mx.vmap(lambda key: mx.random.uniform(shape=(1,), key=key))(own)
        cut = xtc(logprobs, self.xtc_threshold, self.spared)
        return mx.where(draws < self.xtc_probability, cut, logprobs)


def normalised(logits: mx.array) -> mx.array:
    """Natural-log probabilities, in float32."""
    logits = logits.astype(mx.float32)
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)


def top_p(logprobs: mx.array, mass: float) -> mx.array:
    """Keep the smallest set of most likely tokens that holds `mass` of the probability."""
    ascending = mx.sort(logprobs, axis=-1)
    probs = mx.exp(ascending)
    above = mx.cumsum(probs, axis=-1, reverse=True, inclusive=False)
    # Rounding makes the sum of a large vocabulary a little more or less than 1.
    total = above[..., :1] + probs[..., :1]
    dropped = (above >= mass * total).sum(axis=-1, keepdims=True)
    threshold = mx.take_along_axis(ascending, dropped, axis=-1)
    return mx.where(logprobs < threshold, -math.inf, logprobs)


def min_p(logprobs: mx.array, share: float, kept: int = 1) -> mx.array:
    """Keep tokens at least `share` as likely as the most likely one, and the `kept` most likely ones."""
    if kept >= logprobs.shape[-1]:
        return logprobs
    floor = mx.max(logprobs, axis=-1, keepdims=True) + math.log(share)
    if kept > 1:
        floor = mx.minimum(floor, mx.topk(logprobs, kept, axis=-1).min(axis=-1, keepdims=True))
    return mx.where(logprobs < floor, -math.inf, logprobs)


def top_k(logprobs: mx.array, count: int) -> mx.array:
    """Keep the `count` most likely tokens."""
    others = mx.argpartition(-logprobs, kth=count - 1, axis=-1)[..., count:]
    return mx.put_along_axis(logprobs, others, mx.array(-math.inf, logprobs.dtype), axis=-1)


def xtc(logprobs: mx.array, threshold: float, spared: tuple[int, ...]) -> mx.array:
    """Drop every token above `threshold` but the least likely of them."""
    probs = mx.softmax(logprobs, axis=-1)
    least = mx.where(probs > threshold, probs, math.inf).min(axis=-1, keepdims=True)
    cut = probs > least
    # A draft may know fewer tokens.
    known = [token for token in spared if token < logprobs.shape[-1]]
    if known:
        cut[..., mx.array(known)] = False
    return mx.where(cut, -math.inf, logprobs)


def seed_word(seed: int) -> int:
    """A seed of any size and sign as the 32 bits that tell a request's random keys from another's."""
    word = seed & MASK
    rest = (seed >> 32) & MASK if seed >= 0 else 0
    return (word ^ (rest * 0x85EBCA6B & MASK)) & MASK


def processors(params: SamplingParams) -> tuple[Processor, ...]:
    """mlx-lm's logits processors for the penalties and biases that change something."""
    if not _processes(params):
        return ()
    upstream.prepare()
    from mlx_lm.sample_utils import make_logits_processors

    biases = {token: min(max(bias, -STRONGEST_BIAS), STRONGEST_BIAS) for token, bias in params.logit_bias}
    made: list[Any] = make_logits_processors(
        biases or None,
        _active(params.repetition_penalty, 1.0, params.repetition_context),
        params.repetition_context,
        _active(params.presence_penalty, 0.0, params.presence_context),
        params.presence_context,
        _active(params.frequency_penalty, 0.0, params.frequency_context),
        params.frequency_context,
    )
    return tuple(made)


def _active(penalty: float, neutral: float, context: int) -> float | None:
    return penalty if penalty != neutral and context > 0 else None


def _processes(params: SamplingParams) -> bool:
    return bool(
        params.logit_bias
        or _active(params.repetition_penalty, 1.0, params.repetition_context)
        or _active(params.presence_penalty, 0.0, params.presence_context)
        or _active(params.frequency_penalty, 0.0, params.frequency_context)
    )
