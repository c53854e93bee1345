"""How a thread uses MLX: with a stream of its own, and giving everything back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import mlx.core as mx


@contextmanager
def on_device() -> Iterator[None]:
    """Work on a new stream of the default device; afterwards the memory that MLX holds on to is free."""
    stream = mx.new_stream(mx.default_device())
    limit = _raise_wired_limit()
    try:
        with mx.stream(stream):
            yield
    finally:
        gc.collect()
        mx.synchronize(stream)
        if limit is not None:
            mx.set_wired_limit(limit)
        mx.clear_cache()
        # A thread that ends with streams of its own can abort the process while the interpreter shuts
        # down: https://github.com/ml-explore/mlx/pull/4110
        mx.clear_streams()


def _raise_wired_limit() -> int | None:
    """On Metal, let the whole recommended working set stay wired; gives the limit that was."""
    recommended = mx.device_info().get("max_recommended_working_set_size")
    return None if recommended is None else mx.set_wired_limit(int(recommended))
