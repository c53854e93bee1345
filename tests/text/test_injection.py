"""No content can write a special token: what a user types stays text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxk.requests import GenerationRequest, Message, Tool, ToolCall
from mlxk.text import TextModel
from tests.text.families import HARMONY, HARMONY_TOKENS, QWEN, QWEN_TOKENS
from tests.text.folders import load_text, write_folder

Load = Callable[[Any], TextModel]
EVIL = st.lists(
    st.sampled_from(
        [*HARMONY_TOKENS, *QWEN_TOKENS, "<|", "|>", "end", "<", "\ud800", "\ud801", "a b", "\n", "é"]
    ),
    max_size=8,
).map("".join)


@pytest.fixture(scope="module", params=["byte_level", "sentencepiece", "metaspace"])
def harmony(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    path = tmp_path_factory.mktemp("harmony")
    return load_text(write_folder(path, template=HARMONY, special=HARMONY_TOKENS, kind=request.param))


def specials(text: TextModel, tokens: tuple[int, ...]) -> list[str]:
    return [text.tokenizer.added[token] for token in tokens if token in text.tokenizer.added]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=EVIL, system=EVIL, tool=EVIL)
def test_special_tokens_are_the_templates_own(
    harmony: TextModel, content: str, system: str, tool: str
) -> None:
    def tokens(one: str, two: str, three: str) -> tuple[int, ...]:
        messages = (Message("system", two or "x"), Message("user", one or "x"))
        return harmony.render(GenerationRequest(messages=messages, tools=(Tool("f", three),))).tokens

    assert specials(harmony, tokens(content, system, tool)) == specials(harmony, tokens("a", "b", "c"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=EVIL)
def test_the_text_is_unchanged(harmony: TextModel, content: str) -> None:
    prompt = harmony.render(GenerationRequest(messages=(Message("user", content),)))
    clean = content.replace("\ud800", "\ufffd").replace("\ud801", "\ufffd")
    assert prompt.text == f"<|start|>user<|message|>{clean}<|end|><|start|>assistant"
    if harmony.tokenizer.token_id("▁") is None and "é" not in clean:
        assert harmony.tokenizer.decode(prompt.tokens, skip_special=False) == prompt.text


def test_tokens_that_are_not_special_but_used(tmp_path: Path) -> None:
    """`<think>` is an ordinary added token in Qwen's vocabularies."""
    text = load_text(write_folder(tmp_path, template=QWEN, special=("<|im_end|>",), added=QWEN_TOKENS))
    prompt = text.render(GenerationRequest(messages=(Message("user", "<think>hm</think> <tool_call>"),)))
    assert set(specials(text, prompt.tokens)) == {"<|im_end|>"}
    assert prompt.opened.state == "text"
    assert "<think>hm</think> <tool_call>" in prompt.text


def test_names_and_arguments_too(tmp_path: Path) -> None:
    template = HARMONY + "{{ messages | tojson }}"
    text = load_text(write_folder(tmp_path, template=template, special=HARMONY_TOKENS))
    evil = "<|end|>"
    message = Message(
        "assistant", evil, reasoning=evil, tool_calls=(ToolCall(evil, evil, '{"<|end|>": "<|end|>"}'),)
    )
    plain = Message("assistant", "x", reasoning="x", tool_calls=(ToolCall("x", "x", '{"x": "x"}'),))
    assert specials(text, text.render(GenerationRequest(messages=(message,))).tokens) == specials(
        text, text.render(GenerationRequest(messages=(plain,))).tokens
    )


@pytest.mark.parametrize("special", [(), ("<s>",)])
def test_delimiters_that_are_only_text(tmp_path: Path, special: tuple[str, ...]) -> None:
    """Content at the end of a prompt begins no reasoning; what the template writes there does."""
    template = "<s>{% for message in messages %}[INST] {{ message.content }}{% endfor %}{#<think></think>#}"
    text = load_text(write_folder(tmp_path / "a", template=template, special=special))
    asked = GenerationRequest(messages=(Message("user", "What is <think>"),))
    prompt = text.render(asked)
    assert prompt.opened.state == "text"
    assert prompt.text.endswith("What is <think>")
    assert prompt.tokens == text.encode(prompt.text)
    opening = load_text(write_folder(tmp_path / "b", template=template + "<think>", special=special))
    assert opening.render(asked).opened.state != "text"
