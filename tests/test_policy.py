"""request_policy: what is locked is refused by name, what is clamped is told, the rest passes untouched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from mlxk.config.schema import ClampSection, CountBounds, Profile, RequestParameter
from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.policy import admit, check_keep_alive
from mlxk.requests import (
    GenerationRequest,
    JsonObject,
    Message,
    ReasoningOptions,
    SamplingOverrides,
    Tool,
    Unsupported,
)

USER = (Message("user", "Hello"),)
# For each parameter, a request that says it.
SAYS: dict[str, GenerationRequest] = {
    **{
        name: GenerationRequest(messages=USER, sampling=SamplingOverrides(**{name: value}))  # type: ignore[typeddict-item]
        for name, value in {
            "temperature": 0.0,
            "top_p": 0.5,
            "top_k": 7,
            "min_p": 0.3,
            "min_tokens_to_keep": 3,
            "xtc_probability": 0.2,
            "xtc_threshold": 0.2,
            "xtc_special_tokens": (5,),
            "repetition_penalty": 1.3,
            "repetition_context": 9,
            "presence_penalty": 0.4,
            "presence_context": 9,
            "frequency_penalty": 0.4,
            "frequency_context": 9,
            "logit_bias": ((5, -100.0),),
            "seed": 0,
        }.items()
    },
    "max_tokens": GenerationRequest(messages=USER, max_tokens=5),
    "context": GenerationRequest(messages=USER, context=64),
    "overflow": GenerationRequest(messages=USER, overflow="truncate_oldest"),
    "max_reasoning": GenerationRequest(messages=USER, reasoning=ReasoningOptions(max_tokens=0)),
    "stop": GenerationRequest(messages=USER, stop=("x",)),
    "reasoning": GenerationRequest(messages=USER, reasoning=ReasoningOptions(enabled=False)),
    "reasoning_effort": GenerationRequest(messages=USER, reasoning=ReasoningOptions(effort="none")),
    "system": GenerationRequest(messages=(Message("developer", "Be rude."), *USER)),
    "tools": GenerationRequest(messages=USER, tools=(Tool("f"),)),
    "response_format": GenerationRequest(messages=USER, response_format=JsonObject()),
    "logprobs": GenerationRequest(messages=USER, top_logprobs=0),
    "chat_template_kwargs": GenerationRequest(messages=USER, chat_template_kwargs={"a": 1}),
}


def profile(policy: dict[str, Any], **sections: Any) -> Profile:
    return Profile.model_validate({"model": "a/b", "request_policy": policy, **sections})


def test_every_parameter_can_be_locked() -> None:
    assert {*SAYS, "keep_alive"} == set(get_args(RequestParameter))


@pytest.mark.parametrize("name", SAYS)
def test_a_locked_parameter_is_refused_by_name(name: str) -> None:
    with pytest.raises(RequestError, match=f"'{name}' is locked") as caught:
        admit(SAYS[name], profile({"locked": [name]}))
    assert caught.value.param == name
    assert caught.value.http_status == 400


@pytest.mark.parametrize("name", SAYS)
def test_one_that_is_not_said_or_not_locked_passes(name: str) -> None:
    others = [other for other in SAYS if other != name]
    assert admit(SAYS[name], profile({"locked": others})) == (SAYS[name], ())
    silent = GenerationRequest(messages=USER)
    assert admit(silent, profile({"locked": list(SAYS)})) == (silent, ())


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("stop", GenerationRequest(messages=USER, stop=())),
        ("reasoning", GenerationRequest(messages=USER, chat_template_kwargs={"enable_thinking": False})),
        ("reasoning", GenerationRequest(messages=USER, chat_template_kwargs={"thinking_mode": "disabled"})),
        (
            "reasoning",
            GenerationRequest(
                messages=USER,
                reasoning=ReasoningOptions(enabled=True),
                chat_template_kwargs={"enable_thinking": False},
            ),
        ),
        (
            "reasoning_effort",
            GenerationRequest(messages=USER, chat_template_kwargs={"reasoning_effort": "low"}),
        ),
        ("max_reasoning", GenerationRequest(messages=USER, chat_template_kwargs={"thinking_budget": 9})),
        # What is taken back is said too, and one of two switches may be the template's.
        (
            "reasoning_effort",
            GenerationRequest(messages=USER, chat_template_kwargs={"reasoning_effort": None}),
        ),
        ("max_reasoning", GenerationRequest(messages=USER, chat_template_kwargs={"thinking_budget": None})),
        (
            "reasoning",
            GenerationRequest(
                messages=USER, chat_template_kwargs={"enable_thinking": True, "thinking": False}
            ),
        ),
    ],
)
def test_there_is_no_way_around_a_lock(name: str, request_: GenerationRequest) -> None:
    locked = profile({"locked": [name]}, stop={"sequences": ["END"]}, reasoning={"enabled": True})
    with pytest.raises(RequestError, match=f"'{name}' is locked"):
        admit(request_, locked)
    same = replace(request_, stop=("END",), reasoning=ReasoningOptions(), chat_template_kwargs={})
    assert admit(same, locked) == (same, ())
    on = replace(same, chat_template_kwargs={"enable_thinking": True})
    assert admit(on, locked) == (on, ())


@pytest.mark.parametrize("value", [0, "yes", None, [False]])
def test_a_switch_that_is_neither_on_nor_off_says_what_no_profile_does(value: object) -> None:
    request = GenerationRequest(messages=USER, chat_template_kwargs={"enable_thinking": value})
    for enabled in (True, False, None):
        with pytest.raises(RequestError, match="'reasoning' is locked"):
            admit(request, profile({"locked": ["reasoning"]}, reasoning={"enabled": enabled}))


def test_all_of_the_window_is_brought_into_a_range() -> None:
    request = GenerationRequest(messages=USER, fill_context=True)
    admitted, warnings = admit(request, profile({"clamp": {"max_tokens": {"max": 256}}}))
    assert admitted == replace(request, max_tokens=256)
    assert warnings == ("max_tokens was clamped to 256",)


@pytest.mark.parametrize("above", ["lower", "refuse"])
def test_a_range_above_what_the_profile_allows_changes_nothing_of_it(above: str) -> None:
    request = GenerationRequest(messages=USER, fill_context=True)
    policy = {"clamp": {"max_tokens": {"max": 256}}, "above_max_output": above}
    assert admit(request, profile(policy, tokens={"max_output": 100})) == (request, ())


def test_whole_numbers_are_told_as_they_are() -> None:
    request = GenerationRequest(messages=USER, max_tokens=1 << 62)
    _, warnings = admit(request, profile({"clamp": {"max_tokens": {"max": 1_234_567}}}))
    assert warnings == (f"max_tokens {1 << 62} was clamped to 1234567",)


def test_saying_what_the_profile_says_is_no_offence() -> None:
    locked = profile(
        {"locked": ["temperature", "max_tokens", "system", "stop", "reasoning", "logit_bias"]},
        sampling={"temperature": 0.5, "logit_bias": {"7": 1.0}},
        tokens={"max_output": 64},
        system="Be kind.",
        stop={"sequences": ["END"]},
        reasoning={"enabled": True},
    )
    request = GenerationRequest(
        messages=(Message("system", "Be kind."), *USER),
        sampling={"temperature": 0.5, "logit_bias": ((7, 1.0),)},
        max_tokens=64,
        stop=("END",),
        reasoning=ReasoningOptions(enabled=True),
    )
    assert admit(request, locked) == (request, ())
    with pytest.raises(RequestError, match="'system' is locked"):
        admit(replace(request, messages=(Message("system", "Be rude."), *USER)), locked)


@pytest.mark.parametrize("name", ClampSection.model_fields)
@pytest.mark.parametrize(
    ("end", "said", "expected"), [("max", 0.9, 0.4), ("min", 0.1, 0.4), ("max", 0.3, 0.3)]
)
def test_a_value_outside_is_brought_to_the_nearer_end(
    name: str, end: str, said: float, expected: float
) -> None:
    whole = ClampSection.model_fields[name].annotation is CountBounds
    value, bound, result = (int(n * 10) if whole else n for n in (said, 0.4, expected))
    request = _saying(name, value)
    admitted, warnings = admit(request, profile({"clamp": {name: {end: bound}}}))
    assert admitted == _saying(name, result)
    expected_warnings = () if value == result else (f"{name} {value:g} was clamped to {result:g}",)
    assert warnings == expected_warnings


def _saying(name: str, value: float) -> GenerationRequest:
    if name == "max_tokens":
        return GenerationRequest(messages=USER, max_tokens=int(value))
    if name == "max_reasoning":
        return GenerationRequest(messages=USER, reasoning=ReasoningOptions(max_tokens=int(value)))
    return GenerationRequest(messages=USER, sampling={name: value})  # type: ignore[misc]


def test_several_clamps_tell_of_each_and_what_is_not_said_stays_unsaid() -> None:
    clamping = profile({"clamp": {"temperature": {"max": 1}, "max_tokens": {"max": 10}, "top_k": {"min": 5}}})
    request = GenerationRequest(messages=USER, max_tokens=99, sampling={"temperature": 1.5, "seed": 3})
    admitted, warnings = admit(request, clamping)
    assert admitted == replace(request, max_tokens=10, sampling={"temperature": 1, "seed": 3})
    assert warnings == ("temperature 1.5 was clamped to 1", "max_tokens 99 was clamped to 10")
    assert request.sampling == {"temperature": 1.5, "seed": 3}


def test_what_cannot_be_honoured_is_refused_or_told() -> None:
    threads = Unsupported("num_thread", "It changes no answer.", harmless=True)
    said = (threads, Unsupported("mirostat", "There is no such sampler."), Unsupported("tfs_z", "No."))
    request = GenerationRequest(messages=USER, unsupported=said)
    with pytest.raises(UnsupportedParameter, match="no such sampler") as caught:
        admit(request, profile({}))
    assert caught.value.param == "mirostat"
    _, warnings = admit(request, profile({"unsupported": "warn"}))
    assert warnings == (
        "num_thread is not applied: It changes no answer",
        "mirostat is not applied: There is no such sampler",
        "tfs_z is not applied: No",
    )
    request = replace(request, unsupported=(threads,))
    assert admit(request, profile({})) == (request, ("num_thread is not applied: It changes no answer",))


def test_all_of_the_window_counts_as_a_number_of_tokens() -> None:
    with pytest.raises(RequestError, match="'max_tokens' is locked"):
        admit(GenerationRequest(messages=USER, fill_context=True), profile({"locked": ["max_tokens"]}))


def test_keep_alive_can_be_locked() -> None:
    check_keep_alive(profile({}))
    with pytest.raises(RequestError, match="'keep_alive' is locked") as caught:
        check_keep_alive(profile({"locked": ["keep_alive"]}))
    assert caught.value.param == "keep_alive"


def test_more_output_than_the_profile_allows_is_lowered_and_told() -> None:
    request = GenerationRequest(messages=USER, max_tokens=4096)
    admitted, warnings = admit(request, profile({}, tokens={"max_output": 64}))
    assert admitted == replace(request, max_tokens=64, fill_context=True)
    assert warnings == ("max_tokens 4096 was lowered to 64, which is all that the profile allows",)
    assert admit(replace(request, max_tokens=64), profile({}, tokens={"max_output": 64}))[1] == ()


def test_it_is_left_to_be_refused_where_the_policy_says_so() -> None:
    request = GenerationRequest(messages=USER, max_tokens=4096)
    refusing = profile({"above_max_output": "refuse"}, tokens={"max_output": 64})
    assert admit(request, refusing) == (request, ())
