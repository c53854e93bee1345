"""How an answer goes, from the engine's steps."""

from __future__ import annotations

from mlxk.cli.chat.pace import Pace
from mlxk.engine.base import Done, Prefill, Tokens


def test_counts_and_rate_are_of_real_tokens() -> None:
    times = iter([10.0, 10.5, 12.0])
    pace = Pace(lambda: next(times))
    assert (pace.context_used, pace.tokens_per_second) == (0, None)
    pace.feed(Prefill(processed=5, total=20, cached=0))
    pace.feed(Prefill(processed=20, total=20, cached=0))
    pace.feed(Tokens((1, 2)))
    assert (pace.context_used, pace.tokens_per_second) == (22, None)
    pace.feed(Tokens((3,)))
    pace.feed(Tokens((4, 5, 6)))
    pace.feed(Done("stop", 20, 0, 6, 0.0, 0.1, 2.0))
    assert (pace.context_used, pace.tokens_per_second) == (26, 2.0)
