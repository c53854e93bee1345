"""The prompt cache's entries: found by their beginnings, given up in mlx-lm's order."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlx_lm.models.cache import ArraysCache, ChunkedKVCache, KVCache, LRUPromptCache

from mlxk.engine.entries import Entries, Kind, packed, shared_tokens

tokens = st.lists(st.integers(1, 3), min_size=2, max_size=8)
kinds = st.sampled_from(["assistant", "user", "system"])


def growing(size: int) -> list[Any]:
    """A cache that holds so many tokens and can be cut back."""
    layer = KVCache()
    layer.state = (mx.arange(size)[None, None, :, None], mx.arange(size)[None, None, :, None], size)
    return [layer]


def fixed() -> list[Any]:
    """One of fixed size, which cannot."""
    layer = ArraysCache(1)
    layer[0] = mx.zeros((1, 4))
    return [layer]


def entries_of(*known: list[int], most: int = 9, most_bytes: int | None = None) -> Entries:
    entries = Entries(most, most_bytes)
    for item in known:
        entries.insert(None, packed(item), growing(len(item)), "user")
    return entries


def held(entries: Entries, wanted: list[int], adapter: str | None = None) -> int:
    return entries.nearest(adapter, packed(wanted))[1]


@given(st.lists(st.tuples(tokens, kinds, st.booleans()), max_size=20), tokens, st.integers(1, 4))
def test_as_many_tokens_are_found_and_kept_as_in_mlx_lm(
    script: list[tuple[list[int], Kind, bool]], wanted: list[int], most: int
) -> None:
    ours, theirs = Entries(most, 150), LRUPromptCache(most, 150)
    for known, kind, grows in script:
        cache = growing(len(known)) if grows else fixed()
        ours.insert(None, packed(known), cache, kind)
        theirs.insert_cache("", known, cache, cache_type=kind)
        assert (len(ours), ours.nbytes) == (len(theirs), theirs.nbytes)
    expected = len(wanted) - len(theirs.fetch_nearest_cache("", wanted)[1])
    # mlx-lm leaves a token out where an entry has all of them and more, and single ones, and of entries that
    # are equally near it looks at one, whether that can be cut back or not.
    longest = max((shared_tokens(packed(known), packed(wanted)) for known, _, _ in script), default=0)
    assert expected <= held(ours, wanted) <= longest


def test_one_that_is_larger_than_the_bound_drives_none_out() -> None:
    entries = entries_of([1, 2], most_bytes=150)
    entries.insert(None, packed(list(range(60))), growing(60), "user")
    assert len(entries) == 1
    assert held(entries, [1, 2, 3]) == 2


def test_one_whose_beginning_is_gone_serves_whole_alone() -> None:
    layer = ChunkedKVCache(4)
    for _ in range(3):
        layer.maybe_trim_front()
        layer.update_and_fetch(mx.zeros((1, 1, 3, 4)), mx.zeros((1, 1, 3, 4)))
    assert layer.start_position
    entries = Entries(9, None)
    entries.insert(None, packed(list(range(9))), [layer], "user")
    assert held(entries, [0, 1, 2, 3, 4, 99]) == 0
    assert held(entries, list(range(12))) == 9


def test_how_far_one_may_be_cut_back_is_asked() -> None:
    entries = Entries(9, None, cuts=lambda length, held: held >= 3)
    entries.insert(None, packed([1, 2]), growing(2), "user")
    entries.insert(None, packed([1, 2, 3, 4, 5]), growing(5), "user")
    assert len(entries) == 2  # the longer one cannot stand for the shorter
    assert held(entries, [1, 2, 3, 4, 9]) == 4
    assert held(entries, [1, 9]) == 0


def test_a_cache_that_holds_more_is_cut_back() -> None:
    entries = entries_of([1, 2, 3, 4, 5])
    cache, found = entries.nearest(None, packed([1, 2, 3, 9]))
    assert found == 3
    assert cache is not None
    assert cache[0].offset == 3
    assert held(entries, [1, 2, 3, 4, 5]) == 5


def test_of_equally_near_ones_the_shortest_is_taken() -> None:
    entries = entries_of([1, 2, 3, 4, 5, 6], [1, 2, 3, 7])
    cache, _ = entries.nearest(None, packed([1, 2, 3]))
    assert cache is not None
    assert cache[0].keys.shape[2] == 4


def test_one_that_cannot_be_cut_back_serves_whole_alone() -> None:
    entries = Entries(9, None)
    entries.insert(None, packed([1, 2, 3]), fixed(), "user")
    assert held(entries, [1, 2, 3, 4]) == 3
    assert held(entries, [1, 2, 4]) == 0


def test_adapters_do_not_share() -> None:
    entries = entries_of([1, 2, 3])
    assert held(entries, [1, 2, 3], adapter="x") == 0
    assert entries.nearest(None, b"") == (None, 0)


def test_those_of_exactly_some_tokens() -> None:
    entries = entries_of([1, 2, 3])
    assert entries.get(None, packed([1, 2, 3])) is not None
    assert entries.get(None, packed([1, 2])) is None
    assert entries.get("x", packed([1, 2, 3])) is None


def test_one_that_was_used_stays_longer() -> None:
    entries = Entries(2, None)
    for known in ([1, 1], [2, 2]):
        entries.insert(None, packed(known), fixed(), "user")
    entries.renew(None, packed([1, 1]), "user")
    entries.renew(None, packed([7, 7]), "user")
    entries.insert(None, packed([3, 3]), fixed(), "user")
    assert [held(entries, known) for known in ([1, 1], [2, 2], [3, 3])] == [2, 0, 2]


def test_it_is_trimmed_to_entries_and_bytes() -> None:
    entries = entries_of([1, 1], [2, 2], [3, 3])
    one = entries.nbytes // 3
    entries.trim(most=2)
    assert (len(entries), entries.nbytes) == (2, 2 * one)
    entries.trim(most_bytes=one)
    assert (len(entries), entries.nbytes) == (1, one)
    entries.trim(most=0)
    assert (len(entries), entries.nbytes) == (0, 0)


@pytest.mark.parametrize("first", [[], [1], [1, 2], [1, 3], [1, 2, 3, 4]])
def test_shared_tokens(first: list[int]) -> None:
    second = [1, 2, 3]
    same = next((i for i, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    expected = min(len(first), len(second)) if same is None else same
    assert shared_tokens(packed(first), packed(second)) == expected
