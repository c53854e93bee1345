"""A reasoning budget, token by token."""

from __future__ import annotations

import pytest

from mlxk.engine.base import ReasoningBudget
from mlxk.engine.guide import BudgetGuide, SequenceMatcher

START, END = (1, 2), (8, 8, 9)


def spell(guide: BudgetGuide, wanted: list[int]) -> list[int]:
    """What comes out when the model wants to say `wanted`, and forced tokens replace its own."""
    said = []
    for token in wanted:
        binding, forced = guide.binding, guide.forced
        said.append(token if forced is None else forced)
        guide.accept(said[-1])
        assert binding or guide.forced is None, "a guide must say beforehand that it may bind"
    return said


def budget(limit: int, *, opened: bool) -> BudgetGuide:
    return BudgetGuide(ReasoningBudget(limit=limit, start=START, end=END, opened=opened))


@pytest.mark.parametrize("limit", [0, 1, 4])
def test_reasoning_that_the_prompt_opened_is_cut(limit: int) -> None:
    assert spell(budget(limit, opened=True), [5] * 10) == [*[5] * limit, *END, *[5] * (7 - limit)]


@pytest.mark.parametrize("limit", [0, 1, 4])
def test_reasoning_that_the_model_opens_is_cut(limit: int) -> None:
    wanted = [5, 1, 1, 2, *[5] * 10]
    assert spell(budget(limit, opened=False), wanted)[4:] == [*[5] * limit, *END, *[5] * (7 - limit)]


def test_an_end_that_has_begun_is_completed() -> None:
    assert spell(budget(2, opened=True), [5, 8, 5, 5, 5]) == [5, 8, 8, 9, 5]


def test_a_natural_end_is_left_alone() -> None:
    wanted = [5, *END, 5, 5, 5, 5, 5]
    assert spell(budget(6, opened=True), wanted) == wanted


def test_a_second_block_shares_the_budget() -> None:
    wanted = [5, *END, *START, 5, 5, 5, 5, 5, 5]
    assert spell(budget(6, opened=True), wanted) == [5, *END, *START, 5, 5, *END, 5]


def test_without_reasoning_nothing_happens() -> None:
    wanted = [5, 1, 5, 8, 8, 9, 5]
    assert spell(budget(3, opened=False), wanted) == wanted


def test_the_matcher_finds_overlapping_beginnings() -> None:
    matcher = SequenceMatcher((1, 1, 2))
    assert [matcher.feed(token) for token in (1, 1, 1, 2, 1, 2)] == [False, False, False, True, False, False]
