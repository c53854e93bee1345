"""Streams of events that follow the grammar, and a card to encode them for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockStart,
    Event,
    Finish,
    PromptProgress,
    Start,
    TokenLogprob,
    Usage,
)
from mlxk.protocols.base import Expose, ModelCard

MakeCard = Callable[..., ModelCard]


@pytest.fixture
def card() -> MakeCard:
    def make(expose: Expose = "both") -> ModelCard:
        return ModelCard("demo", 1_700_000_000, 4096, "c0ffee", ("nick",), expose)

    return make


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
kinds = st.sampled_from(["text", "reasoning", "tool_call"])


@st.composite
def event_streams(draw: st.DrawFn) -> list[Event]:
    """`Start, PromptProgress*, (BlockStart, BlockDelta*, BlockEnd)*, Finish`."""
    events: list[Event] = [Start("gen-1", "demo", 1_700_000_000)]
    events += [PromptProgress(done, 3) for done in range(draw(st.integers(0, 3)))]
    for index in range(draw(st.integers(0, 4))):
        kind = draw(kinds)
        call = ("call_1", "add") if kind == "tool_call" else (None, None)
        events.append(BlockStart(index, kind, *call))
        for text in draw(st.lists(texts, max_size=4)):
            top = (TokenLogprob("x", b"x", -2.0),)
            events.append(BlockDelta(index, text, (TokenLogprob(text, text.encode(), -0.5, top),)))
        events.append(BlockEnd(index))
    usage = Usage(7, draw(st.integers(0, 9)), 1, 2)
    events.append(Finish(draw(st.sampled_from(["stop", "length", "tool_calls"])), usage))
    return events
