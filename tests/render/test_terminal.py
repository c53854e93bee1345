"""What a person sees, and what a pipe gets."""

from __future__ import annotations

import io

import pytest

from mlxk.errors import EngineCrashed
from mlxk.events import (
    BlockDelta,
    BlockEnd,
    BlockStart,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
    Usage,
)
from mlxk.render.terminal import TerminalRenderer

START = Start("gen-1", "demo", 1)
FINISH = Finish("stop", Usage(3, 4))
REASONING = [BlockStart(0, "reasoning"), BlockDelta(0, "let me "), BlockDelta(0, "see"), BlockEnd(0)]
ANSWER = [BlockStart(1, "text"), BlockDelta(1, "It is "), BlockDelta(1, "blue."), BlockEnd(1)]
CALL = [
    BlockStart(2, "tool_call", "call_1", "get_weather"),
    BlockDelta(2, '{"city": '),
    BlockDelta(2, '"Oslo"}'),
    BlockEnd(2),
]


def rendered(events: list[Event], *, show_reasoning: bool, color: bool = False) -> str:
    out = io.StringIO()
    renderer = TerminalRenderer(out, show_reasoning=show_reasoning, color=color)
    for event in events:
        renderer.feed(event)
    return out.getvalue()


def test_an_answer_without_reasoning_stands_alone() -> None:
    events = [START, PromptProgress(1, 3), BlockStart(0, "text"), BlockDelta(0, "Hi."), BlockEnd(0), FINISH]
    assert rendered(events, show_reasoning=True) == "Hi.\n"


def test_reasoning_and_answer_are_told_apart() -> None:
    text = rendered([START, *REASONING, *ANSWER, FINISH], show_reasoning=True)
    assert text == "[Reasoning]\nlet me see\n" + "─" * 40 + "\n[Answer]\nIt is blue.\n"


def test_hidden_reasoning_leaves_the_answer_alone() -> None:
    assert rendered([START, *REASONING, *ANSWER, FINISH], show_reasoning=False) == "It is blue.\n"


def test_a_tool_call_is_shown_whole() -> None:
    text = rendered([START, *REASONING, *ANSWER, *CALL, FINISH], show_reasoning=False)
    assert text == 'It is blue.\n[Tool call]\nget_weather({"city": "Oslo"})\n'


def test_an_answer_that_ends_its_line_gets_no_second_newline() -> None:
    events = [START, BlockStart(0, "text"), BlockDelta(0, "Hi.\n"), BlockEnd(0), FINISH]
    assert rendered(events, show_reasoning=True) == "Hi.\n"


def test_control_characters_do_not_reach_a_terminal() -> None:
    events = [START, BlockStart(0, "text"), BlockDelta(0, "a\x1b[2J\tb\x07\x9bc\n"), BlockEnd(0), FINISH]
    assert rendered(events, show_reasoning=True, color=True) == "a\ufffd[2J\tb\ufffd\ufffdc\n"
    assert rendered(events, show_reasoning=True, color=False) == "a\x1b[2J\tb\x07\x9bc\n"


def test_markup_in_reasoning_is_text() -> None:
    events = [START, BlockStart(0, "reasoning"), BlockDelta(0, "[bold]x[/bold]"), BlockEnd(0), FINISH]
    assert "[bold]x[/bold]" in rendered(events, show_reasoning=True, color=True)


def test_a_failure_ends_the_line_and_is_raised() -> None:
    out = io.StringIO()
    renderer = TerminalRenderer(out, show_reasoning=True)
    for event in (START, *REASONING[:2]):
        renderer.feed(event)
    with pytest.raises(EngineCrashed):
        renderer.feed(Failed(EngineCrashed("the engine died")))
    assert out.getvalue().endswith("let me \n")


def test_texts_with_a_call_between_them_have_no_blank_line_below_a_heading() -> None:
    out = io.StringIO()
    renderer = TerminalRenderer(out, show_reasoning=True)
    for event in (
        BlockStart(0, "text"),
        BlockDelta(0, "Let me look."),
        BlockEnd(0),
        BlockStart(1, "tool_call", "call_1", "f"),
        BlockDelta(1, "{}"),
        BlockEnd(1),
        BlockStart(2, "text"),
        BlockDelta(2, "\n\nDone."),
        BlockEnd(2),
    ):
        renderer.feed(event)
    renderer.close()
    assert out.getvalue() == "Let me look.\n[Tool call]\nf({})\n[Answer]\nDone.\n"
