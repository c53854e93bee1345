"""The fold over a stream is the non-streaming answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mlxk.errors import EngineCrashed
from mlxk.events import (
    Block,
    BlockDelta,
    BlockEnd,
    BlockStart,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
    TokenLogprob,
    Usage,
    collect,
)


async def stream(*events: Event) -> AsyncIterator[Event]:
    for event in events:
        yield event


START = Start("gen-1", "demo", 1)


async def test_collect_joins_deltas() -> None:
    logprob = TokenLogprob("a", b"a", -0.5)
    completion = await collect(
        stream(
            START,
            PromptProgress(3, 3),
            BlockStart(0, "reasoning"),
            BlockDelta(0, "x"),
            BlockEnd(0),
            BlockStart(1, "text"),
            BlockDelta(1, "a", (logprob,)),
            BlockDelta(1, "b"),
            BlockEnd(1),
            Finish("stop", Usage(3, 2)),
        )
    )
    assert completion.blocks == (Block("reasoning", "x"), Block("text", "ab", logprobs=(logprob,)))
    assert completion.text == "ab"
    assert completion.reasoning == "x"
    assert completion.tool_calls == ()
    assert completion.finish.usage.total_tokens == 5


async def test_a_failure_is_raised() -> None:
    with pytest.raises(EngineCrashed):
        await collect(stream(START, Failed(EngineCrashed("gone"))))


async def test_a_stream_must_end_with_finish() -> None:
    with pytest.raises(ValueError, match="ended before"):
        await collect(stream(START))
