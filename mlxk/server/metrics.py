"""What Prometheus asks for: requests, tokens and waiting as counts and distributions, each engine's state.

Names follow Prometheus' rules (https://prometheus.io/docs/practices/naming/): base units, `_total` for
counts. Labels are models and routes of the profile, never what a client sent, so that a client cannot make
new series. An engine has the name of its first model: the models that share it are one in sums of memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mlxk import __version__
from mlxk.engine.base import EngineStats
from mlxk.server.meter import Meter
from mlxk.server.record import Record

CONTENT_TYPE = CONTENT_TYPE_LATEST

# Seconds. From an embedded model's answer to a prompt of a million tokens.
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_GAPS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5)
_TOKENS = tuple(4.0**power for power in range(11))

_STATES = ("unloaded", "starting", "ready", "draining", "dead")


class Metrics:
    """One server's; each has a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        histogram = partial(Histogram, registry=registry)
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        model, engine = ("model",), ("engine",)
        self._requests = counter("mlxk_requests", "Requests answered.", ("route", "method", "status"))
        self._errors = counter("mlxk_errors", "Requests that failed, by code.", ("route", "code"))
        self._seconds = histogram(
            "mlxk_request_seconds",
            "From a request to the end of its answer.",
            ("route",),
            buckets=_WAITS,
        )
        self._first = histogram(
            "mlxk_time_to_first_token_seconds", "From a request to its first token.", model, buckets=_WAITS
        )
        self._gaps = histogram(
            "mlxk_inter_token_latency_seconds", "Between two pieces of one answer.", model, buckets=_GAPS
        )
        self._queue = histogram(
            "mlxk_queue_seconds", "From the engine's inbox to a place in the batch.", model, buckets=_WAITS
        )
        self._prompt = histogram("mlxk_prompt_tokens", "Tokens of a prompt.", model, buckets=_TOKENS)
        self._generated = histogram("mlxk_generated_tokens", "Tokens of an answer.", model, buckets=_TOKENS)
        self._cached = counter("mlxk_prompt_cached_tokens", "Prompt tokens that the prompt cache had.", model)
        self._hits = counter("mlxk_prompt_cache_hits", "Generations with a prompt cached in part.", model)
        self._finished = counter(
            "mlxk_generations", "Generations that ended as they should.", ("model", "reason")
        )
        self._state = gauge("mlxk_engine_state", "1 for the state it is in.", ("model", "engine", "state"))
        self._running = gauge("mlxk_engine_running", "Generations in the batch.", engine)
        self._waiting = gauge("mlxk_engine_waiting", "Generations that wait for a place.", engine)
        self._memory = gauge("mlxk_engine_memory_bytes", "Memory as MLX counts it.", ("engine", "kind"))
        self._restarts = counter("mlxk_engine_restarts", "Engines that died and were started again.", engine)
        self._told_restarts: dict[str, int] = {}
        self._tasks = gauge("mlxk_event_loop_tasks", "Tasks of the server's event loop.")
        gauge("mlxk_build_info", "1; the version is a label.", ("version",)).labels(__version__).set(1)

    def gap(self, model: str) -> Callable[[float], None]:
        """Where a meter tells the seconds between two pieces of an answer."""
        return self._gaps.labels(model).observe

    def count(self, record: Record) -> None:
        """Take in a request that is over."""
        route = record.route or "none"
        self._requests.labels(route, record.method, str(record.status)).inc()
        self._seconds.labels(route).observe(record.seconds)
        if record.failure is not None:
            self._errors.labels(route, record.failure).inc()
        if record.model is not None and record.meter is not None:
            self._count_generations(record.model, record.meter)

    def _count_generations(self, model: str, meter: Meter) -> None:
        if meter.first_token_seconds is not None:
            self._first.labels(model).observe(meter.first_token_seconds)
        for finish in meter.finishes:
            usage = finish.usage
            self._finished.labels(model, finish.reason).inc()
            self._queue.labels(model).observe(finish.timings.queue)
            self._prompt.labels(model).observe(usage.prompt_tokens)
            self._generated.labels(model).observe(usage.completion_tokens)
            self._cached.labels(model).inc(usage.cached_tokens)
            if usage.cached_tokens:
                self._hits.labels(model).inc()

    def exposition(
        self, engines: Mapping[str, EngineStats], names: Mapping[str, str], restarts: Mapping[str, int]
    ) -> bytes:
        """All of it in Prometheus' text format.

        `engines` are as they are now, and their `names`, by model; `restarts` so far, by engine.
        """
        for gauge in (self._state, self._running, self._waiting, self._memory):
            # What is served no longer is not told of.
            gauge.clear()
        for model, stats in engines.items():
            engine = names[model]
            for state in _STATES:
                self._state.labels(model, engine, state).set(state == stats.state)
            self._running.labels(engine).set(stats.running)
            self._waiting.labels(engine).set(stats.waiting)
            self._memory.labels(engine, "active").set(stats.active_bytes)
            self._memory.labels(engine, "peak").set(stats.peak_bytes)
            self._memory.labels(engine, "cache").set(stats.cache_bytes)
        for engine, count in restarts.items():
            # An engine of a new configuration that has the name of an old one begins at 0.
            self._restarts.labels(engine).inc(max(0, count - self._told_restarts.get(engine, 0)))
        self._told_restarts = dict(restarts)
        self._tasks.set(len(asyncio.all_tasks()))
        return generate_latest(self._registry)
