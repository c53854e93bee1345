"""Prompts: identity with transformers, template choice, merging, thinking, continuation, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from mlxk.errors import ModelError, ProfileError, RequestError, TemplateError, UnsupportedParameter
from mlxk.requests import GenerationRequest, Message, ReasoningOptions, ToolCall
from mlxk.text.presets import PRESETS
from mlxk.text.prompt import template_messages
from tests.text.folders import ADD, CHATML, WEATHER, load_text, write_folder

FANCY = """\
{%- set ns = namespace(last=0) -%}
{{ bos_token }}
{%- for message in messages %}{% if loop.index0 > 20 %}{% break %}{% endif -%}
    {%- if message.role == "assistant" %}
{{- '<|im_start|>assistant\\n' }}{% generation %}
        {%- set thought = message.reasoning_content -%}
        {%- if thought %}{{ '<think>' ~ thought ~ '</think>' }}{% endif -%}
        {{- message.content | trim -}}
        {%- for call in message.tool_calls or [] %}
<tool_call>{{ {"name": call.function.name, "arguments": call.function.arguments} | tojson }}</tool_call>
        {%- endfor %}{% endgeneration %}{{ eos_token }}
    {%- else %}
<|im_start|>{{ message.role }}
{{ message.content | trim }}{{ eos_token }}
    {%- endif %}
{%- endfor %}
{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% endif %}"""
TOKENS = ("<s>", "<|im_start|>", "<|im_end|>")
CONVERSATION = (
    Message("system", "  Be <b>brief</b> & kind. "),
    Message("user", "Wie geht's? 世界 🎉\n\tx"),
    Message(
        "assistant",
        "Let me look. ",
        reasoning="hm",
        tool_calls=(ToolCall("call_1", "get_weather", '{"city": "Zürich", "days": 3}'),),
    ),
    Message("tool", "12 °C", tool_call_id="call_1"),
    Message("assistant", "It is cold."),
    Message("user", "Thanks"),
)


def folder(tmp_path: Path, **more: Any) -> Path:
    options: dict[str, Any] = {"template": FANCY, "special": TOKENS, "eos": "<|im_end|>", **more}
    options["config"] = {"bos_token": "<s>", **options.get("config", {})}
    return write_folder(tmp_path / "model", **options)


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece", "metaspace"])
@pytest.mark.parametrize("tools", [(), (WEATHER, ADD)])
@pytest.mark.parametrize("extra", [{}, {"enable_thinking": False}])
def test_ids_are_those_of_transformers(tmp_path: Path, kind: Any, tools: Any, extra: dict[str, Any]) -> None:
    path = folder(tmp_path, kind=kind, added=("<think>", "</think>", "<tool_call>", "</tool_call>"))
    text = load_text(path)
    request = GenerationRequest(messages=CONVERSATION, tools=tools, chat_template_kwargs=extra)
    prompt = text.render(request)
    reference = AutoTokenizer.from_pretrained(path)
    declared = [
        {
            "type": "function",
            "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
        }
        for t in tools
    ]
    messages = template_messages(CONVERSATION, developer=False)
    options = {"tools": declared or None, "add_generation_prompt": True, **extra}
    assert prompt.text == reference.apply_chat_template(messages, tokenize=False, **options)
    assert list(prompt.tokens) == reference.apply_chat_template(messages, return_dict=False, **options)


def test_tokens_declared_in_the_config_only(tmp_path: Path) -> None:
    declared = {"added_tokens_decoder": {"9999": {"content": "<|im_start|>", "special": True}}}
    path = folder(tmp_path, special=("<s>", "<|im_end|>"), config=declared)
    text, reference = load_text(path), AutoTokenizer.from_pretrained(path)
    prompt = text.render(GenerationRequest(messages=CONVERSATION))
    assert text.token_id("<|im_start|>") in prompt.tokens
    messages = template_messages(CONVERSATION, developer=False)
    want = reference.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert list(prompt.tokens) == want


@pytest.mark.parametrize("content", ["Hel", "Hello there ", "x\n"])
def test_continuation_is_that_of_transformers(tmp_path: Path, content: str) -> None:
    path = folder(tmp_path)
    messages = (Message("user", "Hi"), Message("assistant", content))
    prompt = load_text(path).render(GenerationRequest(messages=messages, continue_final=True))
    reference = AutoTokenizer.from_pretrained(path)
    want = reference.apply_chat_template(
        template_messages(messages, developer=False), continue_final_message=True, tokenize=False
    )
    assert prompt.text == want
    assert prompt.text.endswith(content.rstrip())


def test_continuing_needs_an_assistants_message(tmp_path: Path) -> None:
    with pytest.raises(RequestError):
        load_text(folder(tmp_path)).render(GenerationRequest(messages=CONVERSATION, continue_final=True))


def test_template_choice(tmp_path: Path) -> None:
    listed = {
        "chat_template": [
            {"name": "default", "template": "default"},
            {"name": "tool_use", "template": "tools {{ tools | tojson }}"},
        ]
    }
    path = folder(tmp_path, template=None, config=listed)
    extra = path / "additional_chat_templates"
    extra.mkdir()
    (extra / "rag.jinja").write_text("rag")
    own = tmp_path / "own.jinja"
    own.write_text("own")
    hello = GenerationRequest(messages=(Message("user", "Hi"),))
    assert load_text(path).render(hello).text == "default"
    with_tools = GenerationRequest(messages=hello.messages, tools=(WEATHER,))
    assert load_text(path).render(with_tools).text.startswith("tools [")
    assert load_text(path, model={"chat_template": "rag"}).render(hello).text == "rag"
    assert load_text(path, model={"chat_template": str(own)}).render(hello).text == "own"
    (path / "chat_template.jinja").write_text("file")
    assert load_text(path).render(hello).text == "file"
    with pytest.raises(ProfileError) as caught:
        load_text(path, model={"chat_template": "rog"})
    assert "rag" in str(caught.value.hint)
    with pytest.raises(ProfileError):
        load_text(path, model={"chat_template": str(tmp_path / "gone.jinja")})


def test_without_a_template_there_is_a_fallback_and_a_warning(tmp_path: Path) -> None:
    prompt = load_text(folder(tmp_path, template=None)).render(GenerationRequest(messages=CONVERSATION[-1:]))
    assert prompt.text == "Human: Thanks\nAssistant:"
    assert any("no chat template" in warning for warning in prompt.warnings)


def test_the_profiles_system_text_is_for_requests_without_one(tmp_path: Path) -> None:
    text = load_text(folder(tmp_path), system="Be terse.")
    assert "Be terse." in text.render(GenerationRequest(messages=CONVERSATION[1:2])).text
    assert "Be terse." not in text.render(GenerationRequest(messages=CONVERSATION)).text


def test_developer_is_system_where_the_template_lacks_it(tmp_path: Path) -> None:
    messages = (Message("developer", "Be terse."), Message("user", "Hi"))
    assert (
        "<|im_start|>system\nBe terse."
        in load_text(folder(tmp_path)).render(GenerationRequest(messages)).text
    )
    knows = folder(tmp_path / "other", template=CHATML + "{%- if false %}developer{%- endif %}")
    assert "<|im_start|>developer\nBe terse." in load_text(knows).render(GenerationRequest(messages)).text


@pytest.mark.parametrize(
    "refusal",
    [
        "{%- if messages[0].role == 'system' %}{{ raise_exception('System role: no') }}{%- endif %}",
        "{%- set messages = messages | rejectattr('role', 'equalto', 'system') | list %}",
    ],
)
def test_a_system_text_that_the_template_does_not_take(tmp_path: Path, refusal: str) -> None:
    text = load_text(folder(tmp_path, template=refusal + CHATML))
    prompt = text.render(GenerationRequest(messages=(Message("system", "Be terse."), Message("user", "Hi"))))
    assert prompt.text == "<|im_start|>user\nBe terse.\n\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert any("system" in warning for warning in prompt.warnings)


def test_content_in_parts_for_templates_that_want_it(tmp_path: Path) -> None:
    """Templates of multimodal models walk through a list of parts."""
    template = (
        "{%- for message in messages %}{{ message.role }}: {% for part in message.content %}"
        "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %};{% endfor %}"
    )
    prompt = load_text(folder(tmp_path, template=template)).render(GenerationRequest(CONVERSATION[:2]))
    assert prompt.text == "system:   Be <b>brief</b> & kind. ;user: Wie geht's? 世界 🎉\n\tx;"
    assert not prompt.warnings


def test_arguments_as_text_for_templates_that_want_it(tmp_path: Path) -> None:
    """DeepSeek 3.1's template joins them to strings."""
    template = CHATML + (
        "{%- for message in messages %}{%- for call in message.tool_calls or [] %}"
        "{{- '<' + call.function.arguments + '>' }}{%- endfor %}{%- endfor %}"
    )
    prompt = load_text(folder(tmp_path, template=template)).render(GenerationRequest(CONVERSATION))
    assert prompt.text.endswith('<{"city": "Zürich", "days": 3}>')


def test_a_template_that_rewrites_content_is_taken_as_it_is(tmp_path: Path) -> None:
    template = CHATML.replace("message.content", "message.content.replace('/think', '')")
    messages = (Message("system", "Careful /think please"), Message("user", "Hi"))
    prompt = load_text(folder(tmp_path, template=template)).render(GenerationRequest(messages))
    assert "system\nCareful  please" in prompt.text
    assert not prompt.warnings


def test_tools_set_by_the_template_itself(tmp_path: Path) -> None:
    """Llama 3's template assigns `tools` in branches; the caller's are still used."""
    template = (
        "{%- if not tools is defined %}{%- set tools = none %}{%- endif %}{{ tools | tojson }}" + CHATML
    )
    request = GenerationRequest(messages=CONVERSATION[1:2], tools=(WEATHER,))
    assert "get_weather" in load_text(folder(tmp_path, template=template)).render(request).text


def test_no_tools_are_shown_when_none_may_be_called(tmp_path: Path) -> None:
    template = CHATML + "{%- if tools %}{{ tools | tojson }}{%- endif %}"
    request = GenerationRequest(messages=CONVERSATION[1:2], tools=(WEATHER,), tool_choice="none")
    assert "get_weather" not in load_text(folder(tmp_path, template=template)).render(request).text


def test_a_refusal_is_told_in_the_templates_words(tmp_path: Path) -> None:
    text = load_text(folder(tmp_path, template="{{ raise_exception('roles must alternate') }}"))
    with pytest.raises(TemplateError, match="roles must alternate"):
        text.render(GenerationRequest(messages=CONVERSATION))
    broken = load_text(folder(tmp_path / "other", template="{{ messages[0].nothing.at_all }}"))
    with pytest.raises(TemplateError, match="nothing"):
        broken.render(GenerationRequest(messages=CONVERSATION))


def test_thinking_variables(tmp_path: Path) -> None:
    template = CHATML + "{{ enable_thinking }} {{ reasoning_effort }}"
    text = load_text(folder(tmp_path, template=template), reasoning={"enabled": True, "effort": "low"})
    hello = (Message("user", "Hi"),)
    assert text.render(GenerationRequest(messages=hello)).text.endswith("True low")
    options = ReasoningOptions(enabled=False, effort="high")
    assert text.render(GenerationRequest(messages=hello, reasoning=options)).text.endswith("False high")
    plain = load_text(folder(tmp_path / "plain", template=CHATML))
    prompt = plain.render(GenerationRequest(messages=hello, reasoning=ReasoningOptions(effort="high")))
    assert len(prompt.warnings) == 1


@pytest.mark.parametrize(
    ("template", "on", "off"),
    [
        ("{{ thinking_mode }}", "enabled", "disabled"),
        ("{{ thinking }}", "True", "False"),
        # Hunyuan 3 and Solar Open have levels and no switch.
        ("{{ 'no_think' if reasoning_effort is not defined else reasoning_effort }}", "high", "no_think"),
        ("{%- if reasoning_effort in ['minimal', 'low'] %}{{ reasoning_effort }}{% endif %}", "", "minimal"),
    ],
)
def test_thinking_switched_by_other_names(tmp_path: Path, template: str, on: str, off: str) -> None:
    text = load_text(folder(tmp_path, template=CHATML + "{#<think></think>#}" + template))
    for enabled, want in ((True, on), (False, off)):
        options = ReasoningOptions(enabled=enabled)
        prompt = text.render(GenerationRequest(messages=(Message("user", "Hi"),), reasoning=options))
        assert prompt.text.endswith("assistant\n" + want)
        assert prompt.warnings == ()


def test_a_template_may_collect_in_lists(tmp_path: Path) -> None:
    """Kimi K2 Thinking's does; what it does to its messages is not done to the request's."""
    template = "{%- set ids = [] %}{%- set _ = ids.append('x') %}{%- set _ = messages.pop() %}{{ ids[0] }}"
    text = load_text(folder(tmp_path, template=template + CHATML + "y"))
    request = GenerationRequest(messages=CONVERSATION[:2])
    assert text.render(request).text.startswith("x")
    assert text.render(request).text == text.render(request).text


PARALLEL = (
    Message("user", "Hi"),
    Message(
        "assistant",
        "Looking.",
        tool_calls=(ToolCall("1", "get_weather", '{"city": "Paris"}'), ToolCall("2", "add", '{"a": "four"}')),
    ),
    Message("tool", "12 degrees", tool_call_id="1"),
    Message("tool", "5", tool_call_id="2"),
    Message("user", "Thanks"),
)
CALLS = """\
{%- for message in messages %}
{%- if message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{ raise_exception('only single calls') }}{% endif %}
{{- '[' + message.content + '|' + message.tool_calls[0].function.arguments | tojson + ']' }}
{%- else %}{{- '<' + message.content + '>' }}{% endif %}
{%- endfor %}"""


def test_calls_made_at_once_for_templates_that_know_one(tmp_path: Path) -> None:
    """Llama 3's refuses several: each stands alone, before its own result."""
    text = load_text(folder(tmp_path, template=CALLS))
    written = '<Hi>[Looking.|{"city": "Paris"}]<12 degrees>[|{"a": "four"}]<5><Thanks>'
    assert text.render(GenerationRequest(messages=PARALLEL)).text == written


def test_text_beside_calls_that_a_template_cannot_show(tmp_path: Path) -> None:
    """DeepSeek R1's older templates show calls only where there is no text."""
    template = (
        "{%- for message in messages %}{%- if message.content is not none %}{{ '<' + message.content + '>' }}"
        "{%- else %}{{ message.tool_calls | tojson }}{%- endif %}{%- endfor %}"
    )
    prompt = load_text(folder(tmp_path, template=template)).render(GenerationRequest(messages=PARALLEL))
    assert "Paris" in prompt.text
    assert "four" in prompt.text
    assert "Looking" not in prompt.text
    assert "no text beside tool calls" in prompt.warnings[0]


def test_a_template_that_insists_on_a_list_of_tools(tmp_path: Path) -> None:
    text = load_text(folder(tmp_path, template="{% for tool in tools %}{{ tool }}{% endfor %}" + CHATML))
    assert text.render(GenerationRequest(messages=CONVERSATION[:2])).text.startswith("<|im_start|>")


def test_template_kwargs(tmp_path: Path) -> None:
    text = load_text(folder(tmp_path, template=CHATML + "{{ mood }}"), chat_template_kwargs={"mood": "glad"})
    hello = (Message("user", "Hi"),)
    assert text.render(GenerationRequest(messages=hello)).text.endswith("glad")
    sad = GenerationRequest(messages=hello, chat_template_kwargs={"mood": "sad", "odd": 1})
    assert text.render(sad).text.endswith("sad")
    assert any("odd" in warning for warning in text.render(sad).warnings)
    with pytest.raises(UnsupportedParameter):
        text.render(GenerationRequest(messages=hello, chat_template_kwargs={"messages": []}))


def test_raw_prompts(tmp_path: Path) -> None:
    text = load_text(folder(tmp_path))
    prompt = text.render(GenerationRequest(prompt="Hello<|im_end|>"))
    assert prompt.tokens[-1] == text.token_id("<|im_end|>")
    assert text.render(GenerationRequest(prompt=prompt.tokens)).tokens == prompt.tokens
    with pytest.raises(RequestError):
        text.render(GenerationRequest(prompt=(10**6,)))


def test_stop_tokens(tmp_path: Path) -> None:
    path = folder(tmp_path, special=(*TOKENS, "<|stop|>"))
    text = load_text(path, eos_ids=(7,), stop={"tokens": ["<|stop|>"]})
    assert set(text.stop_token_ids) == {7, text.token_id("<|im_end|>"), text.token_id("<|stop|>")}
    with pytest.raises(ProfileError) as caught:
        load_text(path, stop={"tokens": ["<|stp|>"]})
    assert "<|stop|>" in str(caught.value.hint)


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
def test_corrupt_files(tmp_path: Path, file: str) -> None:
    path = folder(tmp_path)
    (path / file).write_text("{")
    with pytest.raises(ModelError, match=file) as caught:
        load_text(path)
    assert caught.value.hint


def test_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        load_text(tmp_path)


def test_a_template_that_is_no_jinja(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="line 1"):
        load_text(folder(tmp_path, template="{% if %}"))


def test_a_model_without_tokenizer_json_goes_through_transformers(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.mkdir()
    words = {word: index for index, word in enumerate(["[UNK]", "[PAD]", "hello", "world"])}
    (path / "vocab.txt").write_text("\n".join(words))
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    (path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    text = load_text(path)
    assert text.decode(text.encode("hello world")) == "hello world"


def test_preset_names_are_those_of_the_profile_language() -> None:
    from typing import get_args

    from mlxk.config.schema import ReasoningFormat

    assert set(get_args(ReasoningFormat)) == {preset.name for preset in PRESETS}
