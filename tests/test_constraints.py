"""Constrained answers and required calls, from request to events, with the model inside the package."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from mlxk.config.schema import ModelSection, Profile
from mlxk.engine import ThreadEngine
from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.events import Completion, collect
from mlxk.generation import Loaded, generate, prepare
from mlxk.hub import facts, references
from mlxk.plan import make
from mlxk.requests import (
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    Message,
    NamedToolChoice,
    ReasoningOptions,
    Regex,
    Tool,
)
from mlxk.text import TextModel
from tests.models import make_llama

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}, "days": {"type": "integer", "maximum": 99}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = (Tool("get_weather", "Weather of a city", CITY), Tool("now", "What time it is"))
OFF = ReasoningOptions(enabled=False)
QUESTION = "What is the weather in Paris?"


def plan_of(reference: str, folder: Path, template: str | None = None):
    section = ModelSection(path=str(folder), chat_template=template)
    found = facts.read(folder, reference)
    return make(Profile(model=section), found, surface="run", name="test", config_hash="")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models() -> AsyncIterator[dict[str, Loaded]]:
    """The demonstration model, in ChatML and in harmony."""
    folder = references.locate("builtin:demo", revision=None)
    async with AsyncExitStack() as stack:
        loaded = {}
        for name, template in (("chatml", None), ("harmony", "harmony")):
            plan = plan_of("builtin:demo", folder, template)
            engine = await stack.enter_async_context(ThreadEngine(plan.engine_config))
            loaded[name] = Loaded(plan, TextModel.load(plan.facts, plan.profile), engine)
        yield loaded


pytestmark = pytest.mark.asyncio(loop_scope="module")
both = pytest.mark.parametrize("name", ["chatml", "harmony"])


def asked(question: str = QUESTION, **changes: Any) -> GenerationRequest:
    return GenerationRequest(messages=(Message("user", question),), **{"max_tokens": 200} | changes)


async def answer(loaded: Loaded, question: str = QUESTION, **changes: Any) -> Completion:
    return await collect(generate(loaded, asked(question, **changes)))


@both
@pytest.mark.parametrize(
    "thinking",
    [ReasoningOptions(), ReasoningOptions(max_tokens=4), ReasoningOptions(enabled=False)],
    ids=["free", "bounded", "off"],
)
async def test_a_model_may_think_before_the_answer_that_is_constrained(
    models: dict[str, Loaded], name: str, thinking: ReasoningOptions
) -> None:
    said = await answer(models[name], response_format=JsonSchema(CITY), reasoning=thinking)
    assert said.finish.reason == "stop"
    jsonschema.validate(json.loads(said.text), CITY)
    assert bool(said.reasoning) == (thinking.enabled is None or name == "harmony")
    assert thinking.max_tokens is None or said.finish.usage.reasoning_tokens <= 5  # and a line break
    assert not said.finish.warnings


@both
async def test_patterns_and_grammars_constrain_too(models: dict[str, Loaded], name: str) -> None:
    said = await answer(models[name], response_format=Regex("(yes|no), [a-z]{3}"))
    assert re.fullmatch("(yes|no), [a-z]{3}", said.text)
    said = await answer(models[name], response_format=Grammar('start: "a" "}" | "{"'))
    assert said.text in ("a}", "{")
    said = await answer(models[name], response_format=JsonObject(), max_tokens=60)
    assert said.text.startswith("{")
    assert said.finish.reason == "length" or isinstance(json.loads(said.text), dict)


@both
async def test_a_required_call_is_made(models: dict[str, Loaded], name: str) -> None:
    for limit in (None, 3):
        wish = ReasoningOptions(max_tokens=limit)
        said = await answer(models[name], tools=TOOLS, tool_choice="required", reasoning=wish)
        assert (said.finish.reason, said.text) == ("tool_calls", "")
        assert [call.name for call in said.tool_calls][:1] == ["get_weather"]
        jsonschema.validate(json.loads(said.tool_calls[0].text), CITY)
        assert not said.finish.warnings


@both
async def test_a_named_tool_is_called_once_whatever_was_asked(models: dict[str, Loaded], name: str) -> None:
    said = await answer(models[name], tools=TOOLS, tool_choice=NamedToolChoice("now"))
    assert [(call.name, call.text) for call in said.tool_calls] == [("now", "{}")]
    assert said.finish.reason == "tool_calls"


@both
async def test_with_tools_the_model_may_call_or_answer_in_the_format(
    models: dict[str, Loaded], name: str
) -> None:
    said = await answer(models[name], tools=TOOLS, response_format=JsonSchema(CITY))
    assert said.text or said.tool_calls
    for text in (said.text, *(call.text for call in said.tool_calls)):
        assert not text or jsonschema.validate(json.loads(text), CITY) is None


@both
async def test_a_raw_prompt_is_constrained_from_its_first_token(models: dict[str, Loaded], name: str) -> None:
    request = GenerationRequest(prompt="The answer is", max_tokens=20, response_format=Regex(" (yes|no)"))
    said = await collect(generate(models[name], request))
    assert said.text in (" yes", " no")


@both
async def test_what_cannot_be_enforced_is_refused_with_its_place(
    models: dict[str, Loaded], name: str
) -> None:
    with pytest.raises(UnsupportedParameter, match=r"'not' at properties\.a\.not") as caught:
        await answer(models[name], response_format=JsonSchema({"properties": {"a": {"not": {}}}}))
    assert caught.value.param == "response_format"
    odd = Tool("odd", "", {"properties": {"b": {"type": "array", "uniqueItems": True}}})
    with pytest.raises(UnsupportedParameter, match=r"properties\.b\.uniqueItems") as caught:
        await answer(models[name], tools=(TOOLS[0], odd), tool_choice="required")
    assert caught.value.param == "tools[1].function.parameters"


@both
async def test_a_choice_without_its_tools_is_refused(models: dict[str, Loaded], name: str) -> None:
    with pytest.raises(RequestError, match="no tools are declared"):
        prepare(models[name], asked(tool_choice="required"))
    with pytest.raises(RequestError, match="'nobody'"):
        prepare(models[name], asked(tools=TOOLS, tool_choice=NamedToolChoice("nobody")))


@both
async def test_an_answer_that_carries_on_is_refused(models: dict[str, Loaded], name: str) -> None:
    messages = (Message("user", QUESTION), Message("assistant", "{"))
    request = GenerationRequest(messages=messages, continue_final=True, response_format=JsonObject())
    with pytest.raises(UnsupportedParameter, match="carries on"):
        prepare(models[name], request)


@pytest.mark.parametrize(
    "mark",
    ["<tool_call><function=f><parameter=p>", '"parameters": dictionary of argument name', "[func_name1("],
)
async def test_a_model_without_sense_calls_in_its_own_format(tmp_path: Path, mark: str) -> None:
    """Tags, bare JSON and Python: nothing but the grammar makes these weights write a call."""
    folder = make_llama(tmp_path / "model")
    template = folder / "chat_template.jinja"
    template.write_text("{% if tools %}" + mark + "{% endif %}" + template.read_text())
    plan = plan_of("llama", folder)
    async with ThreadEngine(plan.engine_config) as engine:
        loaded = Loaded(plan, TextModel.load(plan.facts, plan.profile), engine)
        said = await answer(loaded, tools=TOOLS, tool_choice=NamedToolChoice("get_weather"), reasoning=OFF)
    assert said.finish.reason == "tool_calls"
    assert [call.name for call in said.tool_calls] == ["get_weather"]
    jsonschema.validate(json.loads(said.tool_calls[0].text), CITY)
    assert not said.finish.warnings


@both
async def test_a_call_that_the_limit_cuts_off_says_so(models: dict[str, Loaded], name: str) -> None:
    endless = Tool("note", "", {"properties": {"n": {"type": "string", "minLength": 500}}, "required": ["n"]})
    said = await answer(
        models[name], tools=(endless,), tool_choice="required", parallel_tool_calls=False, max_tokens=80
    )
    assert said.finish.reason == "length"
    assert any("cut off" in warning for warning in said.finish.warnings)
