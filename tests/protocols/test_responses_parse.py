"""Bodies of responses: what they become, and how they are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mlxk.errors import PreviousResponseNotFound, RequestError, ResponseNotFound, UnsupportedParameter
from mlxk.events import BlockDelta, BlockEnd, BlockStart, Event, Finish, Start, Usage
from mlxk.protocols.carrier import carried
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
from tests.protocols.responses import Kept, answer, request_of

ADD: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}}
SHELL: Any = {"type": "custom", "name": "shell"}
ADDS = Tool("add", parameters={"type": "object"})
HI = Message("user", "hi")
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}


def test_the_least_body_says_nothing_more() -> None:
    assert request_of() == GenerationRequest(messages=(HI,))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"instructions": "be"}, {"messages": (Message("system", "be"), HI)}),
        ({"max_output_tokens": 5}, {"max_tokens": 5}),
        (
            {"temperature": 0, "top_p": 0.5, "seed": 3},
            {"sampling": {"temperature": 0.0, "top_p": 0.5, "seed": 3}},
        ),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning": ReasoningOptions(effort="low")}),
        ({"text": {"format": {"type": "text"}, "verbosity": "medium"}}, {}),
        ({"text": {"format": {"type": "json_object"}}}, {"response_format": JsonObject()}),
        (
            {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"a": 1}, "strict": True}}},
            {"response_format": JsonSchema({"a": 1}, "x", True)},
        ),
        ({"include": ["message.output_text.logprobs"]}, {"top_logprobs": 0}),
        ({"top_logprobs": 3}, {"top_logprobs": 3}),
        ({"truncation": "auto"}, {"overflow": "truncate_oldest"}),
        ({"truncation": "disabled"}, {"overflow": "error"}),
        ({"tools": [ADD], "tool_choice": "required"}, {"tools": (ADDS,), "tool_choice": "required"}),
        (
            {
                "tools": [ADD],
                "tool_choice": {"type": "function", "name": "add"},
                "parallel_tool_calls": False,
            },
            {"tools": (ADDS,), "tool_choice": NamedToolChoice("add"), "parallel_tool_calls": False},
        ),
        (
            {
                "tools": [ADD, {**ADD, "name": "sub"}],
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "add"}],
                },
            },
            {"tools": (ADDS,), "tool_choice": "required"},
        ),
        (
            {
                "metadata": {"a": "b"},
                "user": "me",
                "service_tier": "auto",
                "store": False,
                "background": False,
                "prompt_cache_key": "k",
                "safety_identifier": "s",
                "max_tool_calls": 3,
                "include": ["web_search_call.action.sources"],
            },
            {},
        ),
    ],
)
def test_fields(fields: Mapping[str, object], expected: dict[str, Any]) -> None:
    assert request_of(**fields) == GenerationRequest(**{"messages": (HI,), **expected})


def test_every_item_becomes_its_turn() -> None:
    items = [
        {"role": "developer", "content": "be brief"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "1+1?"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "hm"}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "wait"}]},
        {**CALL, "id": "fc_1", "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": "2"},
        {"type": "reasoning", "summary": [], "encrypted_content": carried("ah")},
        {"role": "assistant", "content": "two"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "shell", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "a"}]},
        {"role": "user", "content": "so?"},
    ]
    assert request_of(input=items).messages == (
        Message("developer", "be brief"),
        Message("user", "1+1?"),
        Message("assistant", "wait", reasoning="hm", tool_calls=(ToolCall("c1", "add", '{"a": 1}'),)),
        Message("tool", "2", tool_call_id="c1", name="add"),
        Message("assistant", "two", reasoning="ah", tool_calls=(ToolCall("c2", "shell", '{"input":"ls"}'),)),
        Message("tool", "a", tool_call_id="c2", name="shell"),
        Message("user", "so?"),
    )


def test_texts_that_follow_each_other_stand_apart() -> None:
    one, two = ({"role": "assistant", "content": text} for text in ("one", "two"))
    assert request_of(input=[one, two, {"role": "user", "content": "?"}]).messages[0].content == "one\n\ntwo"


def test_a_custom_tool_is_a_function_with_one_text() -> None:
    (tool,) = request_of(tools=[SHELL]).tools
    assert tool.name == "shell"
    assert tool.parameters["required"] == ["input"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": None}, "input"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "spell"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "spell"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "1"}]}, "input"),
        (
            {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}]},
            "input[0].encrypted_content",
        ),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [ADD, ADD]}, "tools[1].name"),
        ({"tools": [ADD], "tool_choice": {"type": "function", "name": "sub"}}, "tool_choice.name"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "text", "schema": {}}}}, "text.format.type"),
        ({"previous_response_id": ""}, "previous_response_id"),
        ({"stream_options": {}}, "stream_options"),
        ({"metadata": {"k" * 65: "v"}}, "metadata." + "k" * 65),
    ],
)
def test_refused(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        request_of(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        ({"tools": [{**SHELL, "format": {"type": "grammar", "syntax": "lark"}}]}, "tools[0].format"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice.type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        request_of(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning": {"summary": "detailed"}}, "reasoning.summary"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"moderation": {}}, "moderation"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        ({"access_programs": {"cyber": "standard"}}, "access_programs"),
        ({"image": {"context_compression": "auto"}}, "image"),
        (
            {"prompt_cache_options": {"comparison_response_id": "resp_1"}},
            "prompt_cache_options.comparison_response_id",
        ),
        ({"tools": [ADD, {**ADD, "name": "b", "defer_loading": True}]}, "tools[1].defer_loading"),
        ({"tools": [{**ADD, "async": True}]}, "tools[0].async"),
        ({"tools": [{**ADD, "output_schema": {}}]}, "tools[0].output_schema"),
    ],
)
def test_what_an_answer_can_do_without_is_left_to_the_policy(
    fields: Mapping[str, object], param: str
) -> None:
    assert [item.param for item in request_of(**fields).unsupported] == [param]


def test_what_says_nothing_about_the_answer() -> None:
    plain = request_of(input=[{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}])
    marked = {"type": "input_text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert (
        request_of(
            input=[{"role": "user", "content": [marked]}],
            prompt_cache_options={"mode": "implicit", "ttl": "30m", "prewarm": False},
            reasoning={"context": "auto", "mode": "standard"},
        )
        == plain
    )


def said(number: int) -> list[Event]:
    return [
        Start(f"gen-{number}", "demo", 1),
        BlockStart(0, "reasoning"),
        BlockDelta(0, f"thought {number}"),
        BlockEnd(0),
        BlockStart(1, "text"),
        BlockDelta(1, f"answer {number}"),
        BlockEnd(1),
        Finish("stop", Usage(1, 2)),
    ]


def test_a_response_builds_upon_those_before_it() -> None:
    store = Kept()
    answer(said(1), store, instructions="only for the first")
    answer(said(2), store, input="and?", previous_response_id="resp_1")
    assert request_of(store, input="so?", previous_response_id="resp_2").messages == (
        HI,
        Message("assistant", "answer 1", reasoning="thought 1"),
        Message("user", "and?"),
        Message("assistant", "answer 2", reasoning="thought 2"),
        Message("user", "so?"),
    )


@pytest.mark.parametrize("gone", ["resp_1", "resp_2"])
def test_a_response_that_is_gone_cannot_be_built_upon(gone: str) -> None:
    store = Kept()
    answer(said(1), store)
    answer(said(2), store, previous_response_id="resp_1")
    store.forget(gone)
    with pytest.raises(PreviousResponseNotFound, match=gone) as caught:
        request_of(store, previous_response_id="resp_2")
    assert caught.value.param == "previous_response_id"


def test_nothing_is_kept_of_what_is_not_to_be_stored() -> None:
    kept = Kept()
    answer(said(1), kept, store=False)
    assert kept.records == {}


def test_a_reference_stands_for_the_item() -> None:
    store = Kept()
    answer(said(1), store)
    items = [
        {"type": "item_reference", "id": "in_1_0"},
        {"id": "rs_1_0"},
        {"type": "item_reference", "id": "msg_1_1"},
        {"role": "user", "content": "so?"},
    ]
    assert request_of(store, input=items).messages == (
        HI,
        Message("assistant", "answer 1", reasoning="thought 1"),
        Message("user", "so?"),
    )
    with pytest.raises(ResponseNotFound, match="msg_1_9") as caught:
        request_of(store, input=[{"type": "item_reference", "id": "msg_1_9"}])
    assert caught.value.param == "input[0].id"


def test_tools_that_are_not_here_are_for_the_policy_to_judge() -> None:
    """Coding agents declare a search beside their own tools, and do without it."""
    search = {"type": "web_search", "external_web_access": False, "filters": {"allowed_domains": []}}
    request = request_of(tools=[SHELL, search])
    assert [tool.name for tool in request.tools] == ["shell"]
    (missing,) = request.unsupported
    assert (missing.param, missing.harmless) == ("tools[1].type", False)
    assert missing.reason.startswith("The built-in tool 'web_search' is not available on this server")
    assert answer(said(1), tools=[search])["tools"] == []
