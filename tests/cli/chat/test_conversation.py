"""The turns of a chat."""

from __future__ import annotations

from mlxk.cli.chat.conversation import Conversation
from mlxk.events import Block, Completion, Finish, Start, Usage
from mlxk.requests import Message, ToolCall


def completion(*blocks: Block) -> Completion:
    return Completion(Start("gen-1", "demo", 0), blocks, Finish("stop", Usage(1, 1)))


def asked_twice() -> Conversation:
    conversation = Conversation()
    for question in ("One?", "Two?"):
        conversation.ask(question)
        conversation.answered(completion(Block("reasoning", f"hm {question}"), Block("text", "Yes.")))
    return conversation


def test_a_request_has_every_turn() -> None:
    conversation = asked_twice()
    request = conversation.ask("Three?")
    assert [message.content for message in request.messages] == ["One?", "Yes.", "Two?", "Yes.", "Three?"]
    assert request.messages[1].reasoning == "hm One?"


def test_calls_are_remembered_as_the_model_wrote_them() -> None:
    conversation = Conversation()
    conversation.ask("Add.")
    conversation.answered(completion(Block("tool_call", '{"a": 1}', "call_1", "add")))
    assert conversation.messages[-1].tool_calls == (ToolCall("call_1", "add", '{"a": 1}'),)


def test_taking_back_ends_before_the_last_question() -> None:
    conversation = asked_twice()
    assert conversation.take_back() == "Two?"
    assert conversation.questions == 1
    assert conversation.take_back() == "One?"
    assert conversation.take_back() is None
    assert conversation.messages == []


def test_a_question_without_an_answer_can_be_taken_back() -> None:
    conversation = asked_twice()
    conversation.ask("Three?")
    assert conversation.take_back() == "Three?"
    assert conversation.last_question == "Two?"


def test_the_last_reasoning_may_be_of_an_earlier_answer() -> None:
    conversation = asked_twice()
    conversation.ask("Three?")
    conversation.answered(completion(Block("text", "Yes.")))
    assert conversation.last_reasoning == "hm Two?"
    conversation.clear()
    assert conversation.last_reasoning is None


def test_another_conversation_stands_instead() -> None:
    conversation = asked_twice()
    conversation.replace([Message("user", "Else?")])
    assert conversation.last_question == "Else?"
