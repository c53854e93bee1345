"""The one generation path: request -> prompt -> token budget -> engine -> events.

`run`, `chat` and every route call `generate` and differ only in how they show its events. A problem that is
known before the first step is raised; one that comes later is the stream's last event, `Failed`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import uuid4

from mlxk import policy
from mlxk.constraints import constrain
from mlxk.engine.base import Done, Engine, EngineRequest, EngineStep, Prefill, Tokens
from mlxk.errors import MlxkError
from mlxk.events import (
    Event,
    Failed,
    Finish,
    FinishReason,
    PromptProgress,
    Settings,
    Start,
    Timings,
    TokenLogprob,
    Usage,
)
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, JsonSchema, Message, ReasoningBudget
from mlxk.text import Decoder, Prompt, TextModel
from mlxk.text.breaks import Breaks


@dataclass(frozen=True, slots=True)
class Loaded:
    """One model ready to generate: its plan, its text side, and its engine."""

    plan: Plan
    text: TextModel
    engine: Engine


async def generate(
    loaded: Loaded, request: GenerationRequest, watch: Callable[[EngineStep], object] = lambda step: None
) -> AsyncGenerator[Event, None]:
    """Events of one generation, in the order that `mlxk.events` gives. `watch` sees the steps they come from.

    Closing the iterator cancels the generation; `engine.cancel` with the id of the `Start` event ends it in
    order, with a `Finish` that says `cancelled`. Raises `RequestError` or `EngineError` before `Start`.
    """
    prepared = await asyncio.to_thread(prepare, loaded, request)
    output = _Output(loaded, prepared, loaded.text.decoder(prepared.prompt, request))
    try:
        async with aclosing(loaded.engine.generate(prepared.engine_request)) as steps:
            async for step in steps:
                watch(step)
                for event in output.feed(step):
                    yield event
                if output.wants_stop:
                    await loaded.engine.cancel(prepared.engine_request.id)
    except MlxkError as error:
        if not output.begun:
            raise
        yield Failed(error)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that fits: its rendered prompt and what the engine is asked."""

    prompt: Prompt
    engine_request: EngineRequest
    settings: Settings
    warnings: tuple[str, ...]


def prepare(loaded: Loaded, request: GenerationRequest) -> Prepared:
    """Render, tokenise and budget a request. Takes milliseconds of CPU: not for the event loop."""
    plan, text = loaded.plan, loaded.text
    request, clamped = policy.admit(plan.held(request), plan.profile)
    if request.response_format is None:
        request = replace(request, response_format=plan.response_format)
    prompt, warnings = _fitting_prompt(loaded, request)
    max_tokens = plan.max_tokens(len(prompt.tokens), request)
    constrained = constrain(text, prompt, request, _reasoning_budget(loaded, request, prompt))
    engine_request = EngineRequest(
        id=f"gen-{uuid4().hex}",
        prompt=prompt.tokens,
        max_tokens=max_tokens,
        sampling=plan.sampling_for(request),
        stop_tokens=text.stops_of(request),
        top_logprobs=request.top_logprobs,
        reasoning_budget=constrained.budget,
        constraint=constrained.constraint,
        adapter=plan.adapter,
        shared=text.preamble(request, prompt),
    )
    settings = _settings(plan, request, prompt, engine_request)
    return Prepared(prompt, engine_request, settings, (*clamped, *prompt.warnings, *warnings))


def _settings(
    plan: Plan, request: GenerationRequest, prompt: Prompt, engine_request: EngineRequest
) -> Settings:
    wanted = request.response_format
    return Settings(
        temperature=engine_request.sampling.temperature,
        top_p=engine_request.sampling.top_p,
        max_tokens=engine_request.max_tokens,
        truncates=plan.overflow(request) == "truncate_oldest",
        effort=prompt.effort,
        schema=wanted.schema if isinstance(wanted, JsonSchema) else None,
    )


def count_prompt(loaded: Loaded, request: GenerationRequest) -> tuple[int, tuple[str, ...]]:
    """How many tokens the prompt of a request has, and the warnings that its answer would begin with.

    Nothing is left out of a prompt that is too long. Takes milliseconds of CPU. Raises `RequestError`.
    """
    request, warnings = policy.admit(loaded.plan.held(request), loaded.plan.profile)
    prompt = loaded.text.render(request)
    return len(prompt.tokens), (*warnings, *prompt.warnings)


def _reasoning_budget(loaded: Loaded, request: GenerationRequest, prompt: Prompt) -> ReasoningBudget | None:
    """The caller's budget or the profile's. A raw prompt has no turns, and so no reasoning to bound."""
    limit = request.reasoning.max_tokens
    if limit is None:
        limit = loaded.plan.profile.tokens.max_reasoning
    if limit is None or request.prompt is not None:
        return None
    return loaded.text.reasoning_budget(prompt, limit)


def _fitting_prompt(loaded: Loaded, request: GenerationRequest) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt, with the oldest turns left out if the profile wants that and it is too long."""
    prompt = loaded.text.render(request)
    if loaded.plan.overflow(request) == "error" or not request.messages:
        return prompt, ()
    limit = loaded.plan.prompt_limit(request)
    left_out = 0
    while len(prompt.tokens) > limit and (shorter := _without_oldest(request.messages)) is not None:
        left_out += len(request.messages) - len(shorter)
        request = replace(request, messages=shorter)
        prompt = loaded.text.render(request)
    if not left_out:
        return prompt, ()
    return prompt, (f"the context window is full: the {left_out} oldest messages were left out",)


def _without_oldest(messages: tuple[Message, ...]) -> tuple[Message, ...] | None:
    """Drop the oldest exchange: up to the second user turn. System messages stay; so does the last turn."""
    turns = [index for index, message in enumerate(messages) if message.role == "user"]
    if len(turns) < 2:
        return None
    kept = [message for message in messages[: turns[1]] if message.role in ("system", "developer")]
    return (*kept, *messages[turns[1] :])


class _Output:
    """Turns an engine's steps into events, and counts."""

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
