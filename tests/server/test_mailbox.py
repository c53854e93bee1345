from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxk.events import BlockDelta, BlockEnd, BlockStart, Event, PromptProgress, TokenLogprob
from mlxk.server.mailbox import Item, Mailbox, Overflow

events = st.one_of(
    st.builds(BlockStart, st.integers(0, 2), st.just("text")),
    st.builds(BlockDelta, st.integers(0, 2), st.text(max_size=3)),
    st.builds(BlockEnd, st.integers(0, 2)),
    st.builds(PromptProgress, st.integers(0, 9), st.just(9)),
)


def spelled(items: list[Item]) -> list[object]:
    """What a reader learns: neighbouring deltas are one text, of prompt progress the last word counts."""
    told: list[list[object]] = []
    for choice, event in items:
        match event:
            case BlockDelta() if told and told[-1][:-1] == ["delta", choice, event.index]:
                told[-1][-1] += event.text  # type: ignore[operator]
            case BlockDelta():
                told.append(["delta", choice, event.index, event.text])
            case PromptProgress():
                if told and told[-1][:2] == ["progress", choice]:
                    told.pop()
                told.append(["progress", choice, event.processed])
            case _:
                told.append([choice, event])
    return told


@given(st.lists(st.tuples(st.integers(0, 1), events, st.booleans()), max_size=30))
async def test_nothing_is_lost_or_reordered(script: list[tuple[int, Event, bool]]) -> None:
    mailbox = Mailbox()
    taken: list[Item] = []
    for choice, event, take in script:
        mailbox.put(choice, event)
        if take:
            taken += await mailbox.take()
    taken += await mailbox.take(0)
    assert spelled(taken) == spelled([(choice, event) for choice, event, _ in script])


async def test_waiting_text_is_joined_with_its_logprobs() -> None:
    mailbox = Mailbox()
    one, two = TokenLogprob("a", b"a", -1.0), TokenLogprob("b", b"b", -2.0)
    mailbox.put(0, BlockDelta(0, "a", (one,)))
    mailbox.put(0, BlockDelta(0, "b", (two,)))
    mailbox.put(1, BlockDelta(0, "c"))
    assert await mailbox.take() == [(0, BlockDelta(0, "ab", (one, two))), (1, BlockDelta(0, "c"))]


async def test_silence_is_an_empty_batch() -> None:
    assert await Mailbox().take(0.001) == []


async def test_too_much_overflows() -> None:
    mailbox = Mailbox(limit=10)
    mailbox.put(0, BlockDelta(0, "x" * 10))
    with pytest.raises(Overflow):
        mailbox.put(0, BlockDelta(0, "y"))
    await mailbox.take()
    mailbox.put(0, BlockDelta(0, "y"))
