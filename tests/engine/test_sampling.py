"""Drawing tokens: the filters are mlx-lm's, the randomness is the request's own."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import mlx.core as mx
import pytest
from mlx_lm import sample_utils

from mlxk.engine.sampling import Sampler, min_p, normalised, processors, seed_word, top_k, top_p, xtc
from mlxk.requests import SamplingParams

LOGITS = mx.random.normal((3, 100), scale=3.0, key=mx.random.key(1))


def keys(count: int, seed: int = 7) -> mx.array:
    return mx.array([(seed, position) for position in range(count)], dtype=mx.uint32)


def draws(params: SamplingParams, logits: list[float], count: int = 4000) -> Counter[int]:
    sampler = Sampler.of(params, ())
    rows = mx.broadcast_to(mx.array(logits), (count, len(logits)))
    return Counter(sampler(rows, keys(count)).tolist())


@pytest.mark.parametrize("mass", [0.01, 0.5, 0.9, 0.999])
def test_top_p_is_that_of_mlx_lm(mass: float) -> None:
    logprobs = normalised(LOGITS)
    assert mx.array_equal(top_p(logprobs, mass), sample_utils.apply_top_p(logprobs, mass))


def test_min_p_is_that_of_mlx_lm() -> None:
    logprobs = normalised(LOGITS)
    assert mx.array_equal(min_p(logprobs, 0.1), sample_utils.apply_min_p(logprobs, 0.1))


@pytest.mark.parametrize("kept", [1, 2, 30, 99])
def test_min_p_leaves_as_many_as_that_of_mlx_lm(kept: int) -> None:
    logprobs = normalised(LOGITS)
    assert mx.array_equal(min_p(logprobs, 0.5, kept), sample_utils.apply_min_p(logprobs, 0.5, kept))


def test_min_p_leaves_a_vocabulary_smaller_than_what_is_kept() -> None:
    logprobs = normalised(LOGITS)
    assert mx.array_equal(min_p(logprobs, 0.5, 100), logprobs)


def test_a_profile_says_what_min_p_and_xtc_spare() -> None:
    logits = [5.0, 3.5, 0.0]
    certain = SamplingParams(temperature=1.0, min_p=1.0)
    assert set(draws(certain, logits)) == {0}
    assert set(draws(replace(certain, min_tokens_to_keep=2), logits)) == {0, 1}
    excluding = SamplingParams(temperature=1.0, xtc_probability=1.0, xtc_threshold=0.1)
    assert 0 not in draws(excluding, logits)
    assert draws(replace(excluding, xtc_special_tokens=(0,)), logits)[0] > 2000


@pytest.mark.parametrize("count", [1, 7, 99])
def test_top_k_is_that_of_mlx_lm(count: int) -> None:
    logprobs = normalised(LOGITS)
    assert mx.array_equal(top_k(logprobs, count), sample_utils.apply_top_k(logprobs, count))


@pytest.mark.parametrize("spared", [(), (0, 5)])
def test_xtc_is_that_of_mlx_lm(spared: tuple[int, ...]) -> None:
    logprobs = normalised(LOGITS)
    theirs = sample_utils.apply_xtc(logprobs, 1.0, 0.05, list(spared))
    assert mx.array_equal(xtc(logprobs, 0.05, spared), theirs)


def test_draws_follow_the_probabilities() -> None:
    counts = draws(SamplingParams(temperature=1.0), [math.log(0.6), math.log(0.3), math.log(0.1)])
    for token, probability in enumerate((0.6, 0.3, 0.1)):
        assert counts[token] / 4000 == pytest.approx(probability, abs=0.03)


def test_the_temperature_flattens_and_sharpens() -> None:
    logits = [2.0, 0.0]
    cold, warm = (
        draws(SamplingParams(temperature=0.5), logits),
        draws(SamplingParams(temperature=2.0), logits),
    )
    assert cold[0] / 4000 == pytest.approx(1 / (1 + math.exp(-4)), abs=0.02)
    assert warm[0] / 4000 == pytest.approx(1 / (1 + math.exp(-1)), abs=0.03)


def test_xtc_happens_as_often_as_asked() -> None:
    params = SamplingParams(temperature=1.0, xtc_probability=0.25, xtc_threshold=0.1)
    counts = draws(params, [5.0, 3.5, 0.0])
    always = draws(SamplingParams(temperature=1.0, xtc_probability=1.0, xtc_threshold=0.1), [5.0, 3.5, 0.0])
    assert always[0] == 0
    untouched = math.exp(5) / (math.exp(5) + math.exp(3.5) + 1)
    assert counts[0] / 4000 == pytest.approx(0.75 * untouched, abs=0.03)


def test_the_coldest_temperatures_are_greedy() -> None:
    assert draws(SamplingParams(temperature=1e-40), [0.0, 1.0, 0.5], 5) == {1: 5}


def test_a_token_that_a_small_vocabulary_lacks_is_spared_nowhere() -> None:
    params = SamplingParams(temperature=1.0, xtc_probability=1.0, xtc_special_tokens=(99,))
    assert set(draws(params, [1.0, 1.0])) <= {0, 1}


def test_greedy_takes_the_likeliest() -> None:
    drawn = Sampler.of(SamplingParams(top_p=0.1, top_k=3), ())(LOGITS, keys(3))
    assert mx.array_equal(drawn, mx.argmax(LOGITS, axis=-1))


def test_a_row_is_drawn_the_same_alone_and_in_a_batch() -> None:
    sampler = Sampler.of(SamplingParams(temperature=1.0, top_p=0.95, xtc_probability=0.5), (3,))
    together = sampler(LOGITS, keys(3)).tolist()
    alone = [sampler(LOGITS[row : row + 1], keys(3)[row : row + 1]).item() for row in range(3)]
    assert together == alone


def test_equal_settings_make_equal_samplers() -> None:
    one = SamplingParams(temperature=0.7, top_p=0.9, seed=1)
    two = SamplingParams(temperature=0.7, top_p=0.9, seed=2, repetition_penalty=1.1)
    assert Sampler.of(one, (1,)) == Sampler.of(two, (2,))
    greedy = SamplingParams(top_p=0.5)
    assert Sampler.of(greedy, (1,)) == Sampler.of(SamplingParams(), ())


def test_a_vocabulary_smaller_than_top_k_is_not_cut() -> None:
    assert set(draws(SamplingParams(temperature=1.0, top_k=50), [0.0, 0.0])) == {0, 1}


@pytest.mark.parametrize("seed", [0, 1, -1, 1 << 31, 1 << 40, -(1 << 62), (1 << 64) - 1])
def test_any_seed_fits(seed: int) -> None:
    assert 0 <= seed_word(seed) < 1 << 32


def test_neighbouring_seeds_differ() -> None:
    seeds = [*range(100), *(1 << shift for shift in range(32, 60))]
    assert len({seed_word(seed) for seed in seeds}) == len(set(seeds))


def test_neutral_settings_need_no_processors() -> None:
    assert processors(SamplingParams()) == ()
    assert processors(SamplingParams(presence_penalty=1.0, presence_context=0)) == ()
    assert len(processors(SamplingParams(presence_penalty=1.0, repetition_penalty=1.2))) == 2


def test_the_frequency_penalty_counts() -> None:
    (process,) = processors(SamplingParams(frequency_penalty=0.5, frequency_context=4))
    logits = process(mx.array([9, 1, 1, 2, 1]), mx.zeros((1, 10)))
    assert logits[0].tolist() == [0, -1.5, -0.5, 0, 0, 0, 0, 0, 0, 0]
