"""From an engine's steps to events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import assert_never

from mlxk.engine.base import Done, EngineStep, Prefill, Tokens
from mlxk.events import Event, Finish, FinishReason, PromptProgress, Start, Timings, TokenLogprob, Usage
from mlxk.generation.preparation import Loaded, Prepared
from mlxk.text import Decoder
from mlxk.text.breaks import Breaks


class Output:
    """Of one generation; it counts tokens and times."""

    def __init__(self, loaded: Loaded, prepared: Prepared, decoder: Decoder) -> None:
        self._loaded = loaded
        self._prepared = prepared
        self._decoder = decoder
        self._breaks = Breaks()
        self._started = time.perf_counter()
        self._first_token: float | None = None
        self.begun = False

    @property
    def wants_stop(self) -> bool:
        """A stop string was found: nothing that the engine says from here on counts."""
        return self._decoder.stopped

    def feed(self, step: EngineStep) -> Iterator[Event]:
        if not self.begun:
            self.begun = True
            yield self._start()
        match step:
            case Prefill():
                yield PromptProgress(step.processed, step.total)
            case Tokens():
                if not self._decoder.stopped:
                    yield from self._decode(step)
            case Done():
                stopped = self._decoder.stopped
                yield from self._breaks.feed(self._decoder.finish(step.reason))
                yield self._finish(step, self._reason(step, stopped))
            case _:
                assert_never(step)

    def _start(self) -> Start:
        prepared, asked = self._prepared, self._prepared.engine_request
        return Start(
            asked.id,
            self._loaded.plan.name,
            int(time.time()),
            prepared.warnings,
            len(asked.prompt),
            prepared.settings,
        )

    def _decode(self, step: Tokens) -> Iterator[Event]:
        if self._first_token is None:
            self._first_token = time.perf_counter() - self._started
        yield from self._breaks.feed(self._decoder.feed(step.ids, self._logprobs(step)))

    def _logprobs(self, step: Tokens) -> tuple[TokenLogprob, ...]:
        if not step.logprobs:
            return ()
        tops = step.top or ((),) * len(step.ids)
        return tuple(
            self._token_logprob(token, logprob, tuple(self._token_logprob(*pair) for pair in top))
            for token, logprob, top in zip(step.ids, step.logprobs, tops, strict=True)
        )

    def _token_logprob(self, token: int, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        text, raw = self._loaded.text.token_text(token)
        return TokenLogprob(text, raw, logprob, top)

    def _finish(self, done: Done, reason: FinishReason) -> Finish:
        usage = Usage(
            prompt_tokens=done.prompt_tokens,
            completion_tokens=self._decoder.tokens,
            reasoning_tokens=self._decoder.reasoning_tokens,
            cached_tokens=done.cached_tokens,
        )
        total = time.perf_counter() - self._started
        first = total if self._first_token is None else self._first_token
        return Finish(
            reason=reason,
            usage=usage,
            timings=Timings(done.queue_seconds, first, total, max(total - done.total_seconds, 0.0)),
            stop_sequence=self._decoder.stop_sequence,
            warnings=tuple(self._decoder.warnings),
        )

    def _reason(self, done: Done, stopped: bool) -> FinishReason:
        """`stopped`: the decoder had enough before the engine ended."""
        if stopped:
            # Without a stop string, it was the one call that the request allows.
            return "stop" if self._decoder.stop_sequence is not None else "tool_calls"
        if done.reason == "stop" and self._decoder.saw_tool_call:
            return "tool_calls"
        return done.reason
