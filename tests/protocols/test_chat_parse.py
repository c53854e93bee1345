"""Chat bodies: what they become, and how they are refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.protocols.openai import chat
from mlxk.requests import (
    GenerationRequest,
    JsonObject,
    JsonSchema,
    Message,
    NamedToolChoice,
    ReasoningOptions,
    Tool,
    ToolCall,
)

USER = {"role": "user", "content": "hi"}
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def parse(**fields: object) -> GenerationRequest:
    return chat.parse({"messages": [USER], **fields}).generations[0]


def test_the_least_body_says_nothing_more() -> None:
    parsed = chat.parse({"messages": [USER]})
    assert parsed.generations == (GenerationRequest(messages=(Message("user", "hi"),)),)
    assert (parsed.model, parsed.stream) == ("", False)


def test_null_is_unsaid() -> None:
    names = [name for name in chat.ChatBody.model_fields if name != "messages"]
    assert parse(**dict.fromkeys(names)) == GenerationRequest(messages=(Message("user", "hi"),))


def test_falsy_values_are_said() -> None:
    request = parse(temperature=0, top_k=0, presence_penalty=0, seed=0, stop=[], logit_bias={})
    assert request.sampling == {
        "temperature": 0.0,
        "top_k": 0,
        "presence_penalty": 0.0,
        "seed": 0,
        "logit_bias": (),
    }
    assert request.stop == ()


def test_every_message_kind() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "developer", "content": [{"type": "text", "text": "be "}, {"type": "text", "text": "kind"}]},
        {"role": "user", "content": "1+1?", "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
        {"role": "assistant", "content": "2", "refusal": None, "annotations": [], "audio": None},
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
    ]
    assert parse(messages=messages).messages == (
        Message("system", "be brief"),
        Message("developer", "be kind"),
        Message("user", "1+1?", name="ann"),
        Message("assistant", reasoning="hm", tool_calls=(ToolCall("c1", "add", '{"a": 1}'),)),
        Message("tool", "2", tool_call_id="c1", name="add"),
        Message("assistant", "2"),
        Message("assistant", "no"),
        Message("assistant", "no"),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"stop": "a"}, {"stop": ("a",)}),
        ({"stop": ["a", "b"]}, {"stop": ("a", "b")}),
        ({"tools": [ADD]}, {"tools": (Tool("add", parameters={"type": "object"}),)}),
        ({"tool_choice": "none"}, {"tool_choice": "none"}),
        (
            {"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "add"}}},
            {
                "tools": (Tool("add", parameters={"type": "object"}),),
                "tool_choice": NamedToolChoice("add"),
            },
        ),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"response_format": JsonObject()}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"a": 1}}}},
            {"response_format": JsonSchema({"a": 1}, "x")},
        ),
        ({"reasoning_effort": "low"}, {"reasoning": ReasoningOptions(effort="low")}),
        (
            {"reasoning": {"enabled": True, "max_tokens": 9}},
            {"reasoning": ReasoningOptions(enabled=True, max_tokens=9)},
        ),
        ({"chat_template_kwargs": {"x": [1]}}, {"chat_template_kwargs": {"x": [1]}}),
        ({"logprobs": True}, {"top_logprobs": 0}),
        ({"logprobs": True, "top_logprobs": 3}, {"top_logprobs": 3}),
        ({"logprobs": False}, {}),
        ({"logit_bias": {"12": 5, "3": -1}}, {"sampling": {"logit_bias": ((3, -1.0), (12, 5.0))}}),
        (
            {"min_tokens_to_keep": 2, "xtc_special_tokens": [198]},
            {"sampling": {"min_tokens_to_keep": 2, "xtc_special_tokens": (198,)}},
        ),
        ({"seed": -1}, {"sampling": {"seed": (1 << 64) - 1}}),
        ({"user": "me", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"}, {}),
        ({"modalities": ["text"], "verbosity": "medium", "safety_identifier": "x"}, {}),
    ],
)
def test_fields(fields: Mapping[str, object], expected: Mapping[str, object]) -> None:
    assert parse(**fields) == GenerationRequest(messages=(Message("user", "hi"),), **expected)  # type: ignore[arg-type]


def test_choices_draw_differently() -> None:
    generations = chat.parse({"messages": [USER], "n": 3, "seed": 5}).generations
    assert [(one.sampling["seed"], one.choice) for one in generations] == [(5, 0), (5, 1), (5, 2)]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [1]}, "messages[0].role"),
        ({"messages": [{"role": "boss", "content": ""}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "user"}]}, "messages[1].content"),
        ({"messages": [USER, {"role": "user", "content": 1}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": "", "nam": ""}]}, "messages[0].nam"),
        ({"messages": [{"role": "assistant"}]}, "messages[0].content"),
        (
            {"messages": [{"role": "assistant", "reasoning": "a", "reasoning_content": "b"}]},
            "messages[0].reasoning_content",
        ),
        (
            {"messages": [USER, {"role": "tool", "content": "x", "tool_call_id": "c"}]},
            "messages[1].tool_call_id",
        ),
        ({"messages": [USER, {"role": "tool", "content": "x"}]}, "messages[1].tool_call_id"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"stop": [1]}, "stop[0]"),
        ({"seed": 1 << 63}, "seed"),
        ({"logit_bias": {"x": 1}}, "logit_bias.x"),
        ({"logit_bias": {"1": 101}}, "logit_bias.1"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"include": True}}, "stream_options.include"),
        ({"top_logprobs": 1}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"tools": [{"type": "function", "function": {"name": "no spaces"}}]}, "tools[0].function.name"),
        ({"tools": [ADD, ADD]}, "tools[1].function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice.function.name"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, "reasoning.effort"),
        ({"continue_final_message": True}, "continue_final_message"),
        ({"temprature": 1}, "temprature"),
        ({"top_k": 1 << 70}, "top_k"),
        ({"repetition_context": 1 << 31}, "repetition_context"),
        ({"reasoning": {"max_tokens": 1 << 64}}, "reasoning.max_tokens"),
    ],
)
def test_refused(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(**fields)
    assert caught.value.param == param
    assert not isinstance(caught.value, UnsupportedParameter)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"audio": {"voice": "x"}}, "audio"),
        ({"functions": []}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        (
            {"messages": [USER, {"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[1].content[0]",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0]",
        ),
    ],
)
def test_what_cannot_be_honoured_is_named(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        parse(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prediction": {}}, "prediction"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"moderation": {}}, "moderation"),
        ({"store": True}, "store"),
        ({"verbosity": "low"}, "verbosity"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": True}},
            "stream_options.include_obfuscation",
        ),
    ],
)
def test_what_an_answer_can_do_without_is_left_to_the_policy(
    fields: Mapping[str, object], param: str
) -> None:
    assert [item.param for item in parse(**fields).unsupported] == [param]
    assert parse(store=False, verbosity="medium", prediction=None).unsupported == ()


def test_only_allowed_tools_are_shown() -> None:
    sub = {"type": "function", "function": {"name": "sub"}}

    def allowed(name: str) -> GenerationRequest:
        named = {"type": "function", "function": {"name": name}}
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
        return parse(tools=[ADD, sub], tool_choice=choice)

    assert [tool.name for tool in allowed("sub").tools] == ["sub"]
    assert allowed("sub").tool_choice == "required"
    with pytest.raises(RequestError) as caught:
        allowed("mul")
    assert caught.value.param == "tool_choice.allowed_tools.tools[0].function.name"


def test_hints_for_caches_say_nothing_about_the_answer() -> None:
    marked = {"type": "text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
    hinted = parse(
        messages=[{"role": "user", "content": [marked]}],
        prompt_cache_options={"mode": "explicit", "ttl": "30m"},
    )
    assert hinted == parse(messages=[{"role": "user", "content": "hi"}])


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(RequestError) as caught:
        parse(max_token=1)
    assert str(caught.value) == "Unrecognized request argument supplied: max_token"
    assert caught.value.hint == "Did you mean max_tokens?"


def test_an_answer_as_litellm_hands_it_out_can_be_sent_back() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    answer = {
        "role": "assistant",
        "content": None,
        "function_call": None,
        "reasoning_content": "hm",
        "tool_calls": [{**call, "index": 1, "caller": {"type": "direct"}}],
        "provider_specific_fields": {"reasoning": "hm", "refusal": None},
        "thinking_blocks": [thought],
        "annotations": [],
    }
    result = {"role": "tool", "tool_call_id": "c1", "content": "3"}
    said = parse(messages=[{"role": "user", "content": "hi"}, answer, result]).messages
    assert said[1] == Message("assistant", "", reasoning="hm", tool_calls=(ToolCall("c1", "add", "{}"),))


def test_hints_for_caches_cost_nothing() -> None:
    part = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    assert parse(messages=[{"role": "user", "content": [part]}]) == parse()
