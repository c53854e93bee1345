"""Markdown that comes in pieces."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mlxk.errors import EngineCrashed
from mlxk.events import BlockDelta, BlockEnd, BlockKind, BlockStart, Event, Failed, Finish, Usage
from mlxk.render.growing import MARKDOWN, Growing, Notation, plain
from mlxk.render.markdown import MarkdownRenderer, Reasoning
from mlxk.render.tail import Tail

TEXT = """\
# Title

Some *words*, `code`, <b>tags</b> and List<int>
on two lines.

- a
  - b

1. one
2. two

```python
def f(x):
    return x
```

| a | b |
|---|---|
| 1 | 22 |

> said

The end."""


def console(width: int = 60) -> Console:
    return Console(file=io.StringIO(), width=width, height=10, force_terminal=False, color_system=None)


def said(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def streamed(text: str, size: int, width: int = 60, notation: Notation = MARKDOWN) -> str:
    out = console(width)
    stream = Growing(Tail(out), notation)
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
    stream.close()
    return said(out)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("width", [20, 60])
def test_pieces_give_what_the_whole_gives(size: int, width: int) -> None:
    assert streamed(TEXT, size, width) == streamed(TEXT, len(TEXT), width)


def test_nothing_of_the_text_is_lost() -> None:
    shown = streamed(TEXT, 5)
    for part in ("Title", "words", "<b>tags</b>", "List<int>\non two lines.", "def f(x):", "22", "The end."):
        assert part in shown
    assert "```" not in shown
    assert "*words*" not in shown


def test_what_grows_beyond_the_screen_is_there_once() -> None:
    code = "".join(f"line_{number} = 1\n" for number in range(50))
    shown = streamed(f"```python\n{code}```\n\nDone.", 4)
    assert [shown.count(f"line_{number} ") for number in range(50)] == [1] * 50


@pytest.mark.parametrize("text", ["", "\n\n", " "])
def test_nothing_is_nothing(text: str) -> None:
    assert streamed(text, 1) == ""


def rendered(reasoning: Reasoning, *blocks: tuple[BlockKind, str]) -> str:
    out = console()
    renderer = MarkdownRenderer(out, reasoning=reasoning)
    for event in events(*blocks):
        renderer.feed(event)
    return said(out)


def events(*blocks: tuple[BlockKind, str]) -> list[Event]:
    found: list[Event] = []
    for index, (kind, text) in enumerate(blocks):
        found += [BlockStart(index, kind, name="f"), BlockDelta(index, text), BlockEnd(index)]
    return [*found, Finish("stop", Usage(1, 1))]


def test_an_answer_alone_has_no_heading() -> None:
    assert rendered("full", ("text", "Hi.")) == "Hi.\n"


def test_reasoning_stands_above_the_answer() -> None:
    shown = rendered("full", ("reasoning", "hm"), ("text", "Hi."))
    assert shown.splitlines()[:2] == ["[Reasoning]", "hm"]
    assert shown.splitlines()[-2:] == ["[Answer]", "Hi."]


def test_folded_reasoning_is_one_line() -> None:
    fold, answer = rendered("folded", ("reasoning", "one two three"), ("text", "Hi.")).splitlines()
    assert "3 words" in fold
    assert answer == "Hi."


def test_hidden_reasoning_is_not_there() -> None:
    assert rendered("hidden", ("reasoning", "hm"), ("text", "Hi.")) == "Hi.\n"


def test_a_call_is_shown_with_its_arguments() -> None:
    assert rendered("full", ("text", "Well."), ("tool_call", "{}")) == "Well.\n[Tool call]\nf({})\n"


def test_an_escape_sequence_stays_text() -> None:
    assert "\x1b" not in rendered("full", ("reasoning", "\x1b[2J"), ("text", "\x1b]0;x\x07"))


def test_a_failure_ends_the_line_and_is_raised() -> None:
    out = console()
    renderer = MarkdownRenderer(out, reasoning="full")
    renderer.feed(BlockStart(0, "text"))
    renderer.feed(BlockDelta(0, "Hal"))
    with pytest.raises(EngineCrashed):
        renderer.feed(Failed(EngineCrashed("it died")))
    assert said(out) == "Hal\n"


def drawn(reasoning: Reasoning, *blocks: tuple[BlockKind, str]) -> list[str]:
    """What each event writes on a terminal, while a line below says `<status>`."""
    file = io.StringIO()
    out = Console(
        file=file, width=60, height=10, force_terminal=True, color_system=None, legacy_windows=False
    )
    renderer = MarkdownRenderer(out, reasoning=reasoning, status=lambda width: "<status>"[:width])
    written = []
    for event in events(*blocks):
        before = len(file.getvalue())
        renderer.feed(event)
        written.append(file.getvalue()[before:])
    return written


@pytest.mark.parametrize("reasoning", ["full", "folded", "hidden"])
def test_a_status_line_stands_below_what_grows(reasoning: Reasoning) -> None:
    _, thought, *_, finish = drawn(reasoning, ("reasoning", "hm"), ("text", "Hi."))
    assert "<status>" in thought
    assert ("hm" in thought) is (reasoning == "full")
    # At the end it is erased, and the cursor is there again.
    assert finish.endswith("\x1b[1A\x1b[2K")
    assert finish.count("\x1b[?25h") == 1


def test_plain_text_keeps_its_lines() -> None:
    text = "\n  one\n\n\ntwo words and more than one line of them\n\nend\n\n"
    wanted = "  one\n\n\ntwo words and more \nthan one line of them\n\nend\n"
    for size in (1, 3, len(text)):
        assert [line.rstrip() for line in streamed(text, size, 22, plain()).splitlines()] == [
            line.rstrip() for line in wanted.splitlines()
        ]
