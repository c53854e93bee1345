"""What a generation cost, as one line for a person."""

from __future__ import annotations

from mlxk.events import Finish


def stats_line(finish: Finish, *, memory: str | None = None) -> str:
    """Token counts, time to first token, the rate of the tokens after it, and the peak of memory if known."""
    usage, timings = finish.usage, finish.timings
    cached = f" ({usage.cached_tokens} cached)" if usage.cached_tokens else ""
    reasoning = f" ({usage.reasoning_tokens} reasoning)" if usage.reasoning_tokens else ""
    speed = tokens_per_second(finish)
    rate = f", {speed:.1f} tokens/s" if speed is not None else ""
    peak = f", peak memory {memory}" if memory is not None else ""
    return (
        f"prompt {usage.prompt_tokens} tokens{cached}, answer {usage.completion_tokens} tokens{reasoning}, "
        f"first token {timings.first_token:.3f} s, total {timings.total:.3f} s{rate}{peak}, "
        f"finish reason {finish.reason}"
    )


def tokens_per_second(finish: Finish) -> float | None:
    """The rate of the tokens after the first; `None` where there are none."""
    decode = finish.timings.total - finish.timings.first_token
    if finish.usage.completion_tokens < 2 or decode <= 0:
        return None
    return (finish.usage.completion_tokens - 1) / decode
