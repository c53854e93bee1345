"""From a request to what the engine is asked: its prompt, its budget of tokens, its constraint."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache
from uuid import uuid4

from mlxk import policy
from mlxk.constraints import constrain
from mlxk.engine.base import Engine, EngineRequest
from mlxk.events import Settings
from mlxk.generation.truncation import beginning_at, beginnings
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, JsonSchema, ReasoningBudget
from mlxk.text import Prompt, TextModel


@dataclass(frozen=True, slots=True)
class Loaded:
    """One model ready to generate: its plan, its text side, and its engine."""

    plan: Plan
    text: TextModel
    engine: Engine


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
    wanted, sampling = request.response_format, engine_request.sampling
    return Settings(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=engine_request.max_tokens,
        truncates=plan.overflow(request) == "truncate_oldest",
        effort=prompt.effort,
        schema=wanted.schema if isinstance(wanted, JsonSchema) else None,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
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
    """The prompt, with the oldest messages left out if the profile wants that and it is too long."""
    prompt = loaded.text.render(request)
    limit = loaded.plan.prompt_limit(request)
    if len(prompt.tokens) <= limit or loaded.plan.overflow(request) == "error":
        return prompt, ()
    starts = beginnings(request.messages)
    if not starts:
        return prompt, ()

    @cache
    def rendered(start: int) -> Prompt:
        return loaded.text.render(replace(request, messages=beginning_at(request.messages, start)))

    # None more than needed are left out; where not even the last ones fit, that is told of them.
    place = bisect_left(starts[:-1], True, key=lambda start: len(rendered(start).tokens) <= limit)
    left_out = len(request.messages) - len(beginning_at(request.messages, starts[place]))
    told = f"the context window is full: the {left_out} oldest messages were left out"
    return rendered(starts[place]), (told,)
