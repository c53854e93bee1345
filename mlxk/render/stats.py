"""What a generation cost, as one line for a person."""

from __future__ import annotations

from mlxk.events import Finish


def stats_line(finish: Finish) -> str:
    """Token counts, time to first token, and the rate of the tokens after it."""
    usage, timings = finish.usage, finish.timings
    cached = f" ({usage.cached_tokens} cached)" if usage.cached_tokens else ""
    reasoning = f" ({usage.reasoning_tokens} reasoning)" if usage.reasoning_tokens else ""
    decode = timings.total - timings.first_token
    rate = (
        f", {(usage.completion_tokens - 1) / decode:.1f} tokens/s"
        if usage.completion_tokens > 1 and decode
        else ""
    )
    return (
        f"prompt {usage.prompt_tokens} tokens{cached}, answer {usage.completion_tokens} tokens{reasoning}, "
        f"first token {timings.first_token:.3f} s, total {timings.total:.3f} s{rate}, "
        f"finish reason {finish.reason}"
    )
