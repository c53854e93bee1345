"""Conversations as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxk.cli.chat.transcript import Transcript, load, save
from mlxk.errors import UsageError
from mlxk.requests import Message, ToolCall

TALK = Transcript(
    (
        Message("user", "Add 1 and 2."),
        Message("assistant", "", "I add.", (ToolCall("call_1", "add", '{"a": 1}'),)),
        Message("tool", "3", tool_call_id="call_1"),
        Message("assistant", "Three.\n\n- é"),
    ),
    "Be brief.",
    "builtin:demo",
    "demo",
)


def test_what_is_saved_can_be_loaded(tmp_path: Path) -> None:
    file = save(TALK, str(tmp_path / "talk.json"), replace=False)
    assert load(str(file)) == TALK


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text())))
def test_any_text_survives(turns: list[tuple[str, str]]) -> None:
    transcript = Transcript(tuple(Message(role, text) for role, text in turns))  # type: ignore[arg-type]
    data = json.loads(transcript.to_json())
    assert [(each["role"], each["content"]) for each in data["messages"]] == turns


def test_messages_of_openais_form_are_a_conversation(tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    file.write_text('[{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]')
    assert load(str(file)) == Transcript((Message("user", "U"),), "S")


def test_markdown_is_for_people(tmp_path: Path) -> None:
    text = save(TALK, str(tmp_path / "talk.md"), replace=False).read_text()
    for part in ("# Chat with builtin:demo", "## System", "## User", "> I add.", "Three.", "add("):
        assert part in text


def test_a_file_is_not_replaced_unawares(tmp_path: Path) -> None:
    file = str(tmp_path / "talk.json")
    save(TALK, file, replace=False)
    with pytest.raises(UsageError, match="there already"):
        save(Transcript(()), file, replace=False)
    assert load(file) == TALK
    save(Transcript(()), file, replace=True)
    assert load(file).messages == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "3",
        '{"messages": 3}',
        '{"messages": [3]}',
        '{"messages": [{"role": "king", "content": "x"}]}',
        '{"messages": [{"role": "user", "content": [1]}]}',
        '{"mlxk.conversation": 9, "messages": []}',
        "[" * 5000,
    ],
)
def test_what_is_no_conversation_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(UsageError):
        load(str(file))
