"""What is left out of a conversation that does not fit: the oldest, none more than needed, and told."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlxk.config.schema import Profile
from mlxk.errors import ContextLengthExceeded
from mlxk.generation import Loaded, prepare
from mlxk.generation.truncation import beginning_at, beginnings
from mlxk.hub import facts
from mlxk.plan import make
from mlxk.requests import GenerationRequest, Message, ToolCall
from mlxk.text import TextModel
from tests.engine.scripted import ScriptedEngine

SYSTEM = Message("system", "Be brief.")


def turns(count: int, words: int = 1) -> tuple[Message, ...]:
    """Questions and answers, and a last question."""
    said = [
        Message(role, f"{role} {turn} " + "and so on " * words)
        for turn in range(count)
        for role in ("user", "assistant")
    ]
    return (*said, Message("user", "the last question"))


def calls(count: int) -> tuple[Message, ...]:
    """Calls one after the other, each with two results."""
    return tuple(
        message
        for step in range(count)
        for message in (
            Message(
                "assistant", tool_calls=(ToolCall(f"{step}", "f", "{}"), ToolCall(f"{step}b", "g", "{}"))
            ),
            Message("tool", f"result {step}", tool_call_id=f"{step}"),
            Message("tool", f"other result {step}", tool_call_id=f"{step}b"),
        )
    )


def shortened(*messages: Message) -> list[tuple[Message, ...]]:
    return [beginning_at(messages, start) for start in beginnings(messages)]


def call(*ids: str) -> Message:
    return Message("assistant", tool_calls=tuple(ToolCall(name, "f", "{}") for name in ids))


def result(call_id: str | None) -> Message:
    return Message("tool", f"result {call_id}", tool_call_id=call_id)


def test_exchanges_go_one_after_the_other_and_system_messages_stay() -> None:
    messages = (SYSTEM, *turns(2))
    assert shortened(*messages) == [(SYSTEM, *messages[3:]), (SYSTEM, messages[-1])]


def test_then_the_oldest_calls_with_their_results() -> None:
    question, steps = Message("user", "do it"), calls(3)
    messages = (SYSTEM, *turns(1)[:2], question, *steps)
    assert shortened(*messages) == [
        (SYSTEM, question, *steps),
        (SYSTEM, question, *steps[3:]),
        (SYSTEM, question, *steps[6:]),
    ]


def test_system_messages_stay_wherever_they_stand() -> None:
    question, between = Message("user", "do it"), Message("developer", "Mind the time.")
    first, second = calls(2)[:3], calls(2)[3:]
    assert shortened(SYSTEM, question, *first, between, *second) == [(SYSTEM, question, between, *second)]


def test_the_newest_call_stays_also_before_a_message_to_carry_on() -> None:
    question, begun = Message("user", "do it"), Message("assistant", "So")
    assert shortened(question, *calls(1), begun) == []
    assert shortened(question, *calls(2), begun) == [(question, *calls(2)[3:], begun)]


def test_a_text_between_calls_goes_by_itself() -> None:
    question, text = Message("user", "do it"), Message("assistant", "Let me see.")
    kept = (call("b"), result("b"))
    assert shortened(question, call("a"), result("a"), text, *kept) == [
        (question, text, *kept),
        (question, *kept),
    ]


@pytest.mark.parametrize(
    "messages",
    [
        (call("a"), call("b"), result("a"), result("b")),
        (call("a"), Message("user", "quick"), result("a"), Message("user", "now?")),
        (call("a"), Message("user", "quick"), result(None), Message("user", "now?")),
        (call("a", "b"), result("b"), call("c"), result("a"), result("c"), Message("user", "now?")),
    ],
)
def test_no_result_stays_without_its_call(messages: tuple[Message, ...]) -> None:
    whole = (Message("user", "do it"), *messages)
    for shorter in shortened(*whole):
        assert [one.role for one in shorter].count("tool") in (0, [one.role for one in whole].count("tool"))


def test_many_messages_take_little() -> None:
    messages = turns(20_000, words=0)
    tracemalloc.start()
    found = beginnings(messages)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 20_000
    assert most < 10 << 20


@pytest.mark.parametrize(
    "messages", [(), (SYSTEM,), (Message("user", "hi"),), (SYSTEM, Message("user", "hi"))]
)
def test_what_is_needed_is_never_left_out(messages: tuple[Message, ...]) -> None:
    assert shortened(*messages) == []


@pytest.fixture
def loaded(qwen3_path: Path) -> Loaded:
    return load(qwen3_path)


def load(path: Path, **tokens: Any) -> Loaded:
    section = {"overflow": "truncate_oldest", "context": 400} | tokens
    profile = Profile.model_validate({"model": {"path": str(path)}, "tokens": section})
    found = facts.read(path)
    plan = make(profile, found, surface="server", name="m", config_hash="0")
    return Loaded(plan, TextModel.load(found, profile), ScriptedEngine())


def prepared(loaded: Loaded, **said: Any) -> tuple[int, tuple[str, ...]]:
    result = prepare(loaded, GenerationRequest(**said))
    return len(result.engine_request.prompt), result.warnings


def test_no_more_than_needed(loaded: Loaded) -> None:
    messages = (SYSTEM, *turns(20))
    tokens, (told,) = prepared(loaded, messages=messages)
    limit = loaded.plan.prompt_limit(GenerationRequest())
    assert tokens <= limit
    left_out = int(re.findall(r"\d+", told)[0])
    one_more = (SYSTEM, *messages[1 + left_out - 2 :])
    assert len(loaded.text.render(GenerationRequest(messages=one_more)).tokens) > limit


def test_a_large_number_of_tokens_that_need_not_be_leaves_nothing_out(loaded: Loaded) -> None:
    messages = (SYSTEM, *turns(4))
    alone = len(loaded.text.render(GenerationRequest(messages=messages)).tokens)
    assert prepared(loaded, messages=messages, max_tokens=390, fill_context=True) == (alone, ())


def test_the_steps_of_an_agent_are_left_out_too(loaded: Loaded) -> None:
    messages = (SYSTEM, Message("user", "do it"), *calls(40))
    tokens, (*_, told) = prepared(loaded, messages=messages)
    assert tokens <= loaded.plan.prompt_limit(GenerationRequest())
    assert "oldest messages were left out" in told


def test_what_does_not_fit_even_so_is_refused(loaded: Loaded) -> None:
    messages = (*turns(3), Message("user", "word " * 500))
    with pytest.raises(ContextLengthExceeded, match="the context window holds 400"):
        prepared(loaded, messages=messages)


def test_it_takes_few_looks(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    render = loaded.text.render

    def counting(request: GenerationRequest) -> Any:
        nonlocal looks
        looks += 1
        return render(request)

    monkeypatch.setattr(loaded.text, "render", counting)
    prepared(replace(loaded), messages=turns(300))
    assert looks <= 2 + 10
