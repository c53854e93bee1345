"""A blank line between the text blocks of one answer."""

from __future__ import annotations

from mlxk.events import BlockDelta, BlockEnd, BlockStart, Event
from mlxk.text.breaks import Breaks


def said(*blocks: tuple[str, tuple[str, ...]]) -> list[str]:
    """The text of each block, every event fed alone."""
    breaks, texts = Breaks(), [""] * len(blocks)
    for index, (kind, deltas) in enumerate(blocks):
        name = ("call", "f") if kind == "tool_call" else (None, None)
        events: list[Event] = [BlockStart(index, kind, *name)]  # type: ignore[arg-type]
        events += [BlockDelta(index, text) for text in deltas]
        for event in breaks.feed([*events, BlockEnd(index)]):
            if isinstance(event, BlockDelta):
                texts[event.index] += event.text
    return texts


def test_a_blank_line_stands_between_texts() -> None:
    assert said(("text", ("Let me", " look.")), ("text", ("Hel", "lo"))) == ["Let me look.", "\n\nHello"]
    assert said(("text", ("a",)), ("tool_call", ("{}",)), ("text", ("b",))) == ["a", "{}", "\n\nb"]


def test_the_first_text_has_none() -> None:
    assert said(("reasoning", ("hm",)), ("text", ("Hello",)), ("reasoning", ("x",))) == ["hm", "Hello", "x"]


def test_line_breaks_that_are_there_count() -> None:
    assert said(("text", ("a\n",)), ("text", ("b",))) == ["a\n", "\nb"]
    assert said(("text", ("a",)), ("text", ("\nb",))) == ["a", "\n\nb"]
    assert said(("text", ("a\n\n",)), ("text", ("b",)), ("text", ("c",))) == ["a\n\n", "b", "\n\nc"]
