"""Bodies of Ollama's chat and generate."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mlxk.errors import (
    EngineError,
    ModelError,
    ModelNotFound,
    RequestError,
    UnsupportedParameter,
)
from mlxk.protocols.base import ParsedRequest
from mlxk.protocols.ollama import chat, generate
from mlxk.protocols.ollama.common import error_body
from mlxk.requests import (
    GenerationRequest,
    JsonObject,
    JsonSchema,
    Message,
    ReasoningOptions,
    Tool,
    ToolCall,
    Unsupported,
)

USER = {"role": "user", "content": "hi"}


def asked(**fields: Any) -> GenerationRequest:
    (request,) = chat.parse({"messages": [USER], **fields}).generations
    return request


def generated(**fields: Any) -> GenerationRequest:
    (request,) = generate.parse({"prompt": "hi", **fields}).generations
    return request


def options(**fields: Any) -> GenerationRequest:
    return asked(options=fields)


def test_a_body_that_says_little() -> None:
    parsed = chat.parse({"model": "demo", "messages": [USER]})
    assert parsed.generations == (GenerationRequest(messages=(Message("user", "hi"),), model="demo"),)
    assert (parsed.model, parsed.stream, parsed.keep_alive) == ("demo", True, None)
    parsed = generate.parse({"model": "demo", "prompt": "hi", "stream": False})
    assert parsed.generations == (GenerationRequest(messages=(Message("user", "hi"),), model="demo"),)
    assert not parsed.stream


def test_sampling_has_the_names_of_profiles() -> None:
    request = options(
        temperature=0.5,
        top_k=7,
        top_p=0.9,
        min_p=0.1,
        repeat_penalty=1.2,
        repeat_last_n=33,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        seed=42,
        stop=["a", "", "b"],
    )
    assert request.sampling == {
        "temperature": 0.5,
        "top_k": 7,
        "top_p": 0.9,
        "min_p": 0.1,
        "repetition_penalty": 1.2,
        "repetition_context": 33,
        "presence_context": 33,
        "frequency_context": 33,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "seed": 42,
    }
    assert request.stop == ("a", "b")
    assert request.unsupported == ()


def test_numbers_that_mean_something_else() -> None:
    assert options(top_k=-1).sampling == {"top_k": 0}
    assert options(seed=-1).sampling == {"seed": None}
    assert options(repeat_last_n=0).sampling["repetition_context"] == 0
    assert options(repeat_last_n=-1).sampling["repetition_context"] > 10_000_000
    assert options(num_ctx=4096.0).context == 4096


@pytest.mark.parametrize(
    ("said", "max_tokens", "fills"), [(5, 5, False), (-1, None, True), (-2, None, True), (7.0, 7, False)]
)
def test_how_many_tokens(said: float, max_tokens: int | None, fills: bool) -> None:
    request = options(num_predict=said)
    assert (request.max_tokens, request.fill_context) == (max_tokens, fills)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"mirostat": 1}, "options.mirostat"),
        ({"tfs_z": 0.5}, "options.tfs_z"),
        ({"typical_p": 0.7}, "options.typical_p"),
        ({"penalize_newline": False}, "options.penalize_newline"),
        ({"vocab_only": True}, "options.vocab_only"),
        ({"embedding_only": True}, "options.embedding_only"),
    ],
)
def test_options_that_cannot_be_honoured(fields: dict[str, Any], param: str) -> None:
    (said,) = options(**fields).unsupported
    assert (said.param, said.harmless) == (param, False)
    assert said.reason


def test_options_that_ask_for_nothing() -> None:
    neutral = {"mirostat": 0, "tfs_z": 1.0, "typical_p": 1.0, "penalize_newline": True, "vocab_only": False}
    assert options(**neutral) == asked()


def test_options_about_loading_are_only_told_of() -> None:
    loading = {
        "num_gpu": 99,
        "num_thread": 8,
        "num_batch": 2,
        "main_gpu": 0,
        "numa": False,
        "low_vram": False,
        "f16_kv": True,
        "logits_all": False,
        "use_mmap": True,
        "use_mlock": False,
        "num_keep": 5,
        "mirostat_tau": 0.8,
        "mirostat_eta": 0.6,
    }
    said = options(**loading).unsupported
    assert {item.param for item in said} == {f"options.{name}" for name in loading}
    assert all(item.harmless for item in said)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{**USER, "images": ["aGk="]}]}, "messages[0].images"),
        ({"messages": [{**USER, "role": "king"}]}, "messages[0].role"),
        ({"messages": [{**USER, "content": [{"type": "text"}]}]}, "messages[0].content"),
        ({"options": {"tempature": 1}}, "options.tempature"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"options": {"num_predict": 0}}, "options.num_predict"),
        ({"options": {"num_predict": -3}}, "options.num_predict"),
        ({"options": {"num_ctx": 0}}, "options.num_ctx"),
        ({"options": {"top_k": 1 << 40}}, "options.top_k"),
        ({"format": "xml"}, "format"),
        ({"format": 1}, "format"),
        ({"think": "hard"}, "think"),
        ({"think": 1}, "think"),
        ({"keep_alive": "soon"}, "keep_alive"),
        ({"keep_alive": True}, "keep_alive"),
        ({"keep_alive": []}, "keep_alive"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"tools": [{"function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [{"function": {"name": "f"}}, {"function": {"name": "f"}}]}, "tools[1].function.name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_is_wrong_in_a_chat(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        chat.parse({"messages": [USER], **body})
    assert caught.value.param == param


def test_images_are_refused_and_none_of_them_is_fine() -> None:
    with pytest.raises(UnsupportedParameter, match="Images are not supported"):
        generate.parse({"prompt": "what is it?", "images": ["aGk="]})
    assert generated(images=[]) == generated()
    assert asked(messages=[{**USER, "images": []}]) == asked()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (300, 300.0),
        (1.5, 1.5),
        (0, 0.0),
        (-1, math.inf),
        (10**40, math.inf),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5s", 1.5),
        ("100ms", 0.1),
        ("0", 0.0),
        ("0s", 0.0),
        ("-1", math.inf),
        ("-1m", math.inf),
        ("24h", 86400.0),
        (None, None),
    ],
)
def test_durations(said: object, seconds: float | None) -> None:
    parsed = chat.parse({"messages": [USER], "keep_alive": said})
    assert parsed.keep_alive == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("body", [{"messages": []}, {}, {"messages": None}])
def test_a_chat_without_messages_is_about_the_model(body: dict[str, Any]) -> None:
    assert chat.parse({"model": "demo", **body}).generations == ()


@pytest.mark.parametrize("body", [{"prompt": ""}, {}, {"prompt": None, "suffix": ""}])
def test_a_generation_without_a_prompt_is_about_the_model(body: dict[str, Any]) -> None:
    parsed = generate.parse({"model": "demo", "keep_alive": 0, **body})
    assert (parsed.generations, parsed.keep_alive) == ((), 0.0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, ReasoningOptions()),
        (True, ReasoningOptions(enabled=True)),
        (False, ReasoningOptions(enabled=False)),
        ("low", ReasoningOptions(enabled=True, effort="low")),
    ],
)
def test_thinking(said: object, expected: ReasoningOptions) -> None:
    assert asked(think=said).reasoning == expected


def test_formats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert asked(format="json").response_format == JsonObject()
    assert asked(format=schema).response_format == JsonSchema(schema)
    assert asked(format="").response_format is None


def test_log_probabilities() -> None:
    assert asked(logprobs=True).top_logprobs == 0
    assert asked(logprobs=True, top_logprobs=3).top_logprobs == 3
    assert asked(logprobs=False, top_logprobs=0).top_logprobs is None


def test_what_is_done_when_the_window_is_full() -> None:
    assert asked().overflow is None
    assert asked(truncate=True).overflow == "truncate_oldest"
    assert asked(truncate=False, shift=False).overflow == "error"
    assert [item.param for item in asked(shift=True).unsupported] == ["shift"]


def test_tools() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": schema}}
    assert asked(tools=[tool]).tools == (Tool("weather", "d", schema),)
    assert asked(tools=[{"function": {"name": "mcp.f-1"}}]).tools == (Tool("mcp.f-1"),)


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}}


def answer(content: str, **fields: Any) -> dict[str, Any]:
    return {"role": "tool", "content": content, **fields}


def test_results_find_their_calls() -> None:
    calls = {"role": "assistant", "content": "", "thinking": "hm"}
    messages = asked(
        messages=[
            USER,
            {**calls, "tool_calls": [call("a", x=1), call("b"), call("a", x="ü")]},
            answer("for b", tool_name="b"),
            answer("for the first a", tool_name="a"),
            answer("for the second a"),
        ]
    ).messages
    assert messages[1] == Message(
        "assistant",
        reasoning="hm",
        tool_calls=(
            ToolCall("call_1", "a", '{"x":1}'),
            ToolCall("call_2", "b", "{}"),
            ToolCall("call_3", "a", '{"x":"ü"}'),
        ),
    )
    assert messages[2:] == (
        Message("tool", "for b", tool_call_id="call_2", name="b"),
        Message("tool", "for the first a", tool_call_id="call_1", name="a"),
        Message("tool", "for the second a", tool_call_id="call_3", name="a"),
    )


def test_results_find_their_calls_by_id_and_strangers_keep_their_names() -> None:
    messages = asked(
        messages=[
            USER,
            {"role": "assistant", "tool_calls": [{**call("a"), "id": "x"}, {**call("a"), "id": "y"}]},
            answer("second", tool_call_id="y"),
            answer("from nowhere", tool_name="z"),
        ]
    ).messages
    assert messages[2] == Message("tool", "second", tool_call_id="y", name="a")
    assert messages[3] == Message("tool", "from nowhere", name="z")


def test_a_generation_has_a_system_prompt_or_is_raw() -> None:
    assert generated(system="s").messages == (Message("system", "s"), Message("user", "hi"))
    assert generated(raw=True).prompt == "hi"
    assert (generated(suffix="end").prompt, generated(suffix="end").suffix) == ("hi", "end")
    assert (generated(raw=True, suffix="end").suffix, generated(suffix="").suffix) == ("end", None)
    for name, value in (("system", "s"), ("template", "t"), ("context", [1])):
        with pytest.raises(RequestError, match="raw mode does not support"):
            generate.parse({"prompt": "hi", "raw": True, name: value})


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"template": "{{ .Prompt }}"}, "template"),
        ({"context": [1, 2]}, "context"),
        ({"suffix": "x", "system": "s"}, "system"),
        ({"suffix": "x", "think": True}, "think"),
        ({"raw": True, "think": "low"}, "think"),
        ({"width": 512}, "width"),
    ],
)
def test_what_a_generation_cannot_have(fields: dict[str, Any], param: str) -> None:
    assert [item.param for item in generated(**fields).unsupported] == [param]


def test_what_asks_for_nothing_in_a_generation() -> None:
    assert generated(template="", context=[], system="", suffix=None, width=0) == generated()


@pytest.mark.parametrize("parse", [chat.parse, generate.parse])
def test_both_share_their_fields(parse: Any) -> None:
    body = {"format": "json", "options": {"num_ctx": 64, "num_gpu": 1}, "think": False, "keep_alive": "1m"}
    parsed: ParsedRequest = parse(
        {**body, "messages": [USER]} if parse is chat.parse else {**body, "prompt": "hi"}
    )
    (request,) = parsed.generations
    assert (request.context, request.response_format) == (64, JsonObject())
    assert request.unsupported == (
        Unsupported("options.num_gpu", "the profile says how the model is loaded", harmless=True),
    )
    assert parsed.keep_alive == 60


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RequestError("Too many.", param="max_tokens"), "options.num_predict: Too many."),
        (RequestError("No.", hint="Do this.", param="x"), "x: No. Do this."),
        (ModelNotFound("There is no 'x'.", hint="Served: a.", param="model"), "There is no 'x'. Served: a."),
        (EngineError("It broke."), "It broke."),
        (ModelError("/a/local/path"), "The server had an error while processing the request."),
    ],
)
def test_errors_are_one_line_of_text(error: Any, text: str) -> None:
    assert error_body(error) == {"error": text}
