"""Which lines are commands, and what Tab offers."""

from __future__ import annotations

import pytest

from mlxk.cli.chat.commands import COMMANDS, parse
from mlxk.errors import UsageError

PROMISED = (
    "help system set unset show model profile variant retry edit undo clear save load export tokens stats "
    "file exit"
)


def test_every_promised_command_is_there() -> None:
    assert set(PROMISED.split()) == set(COMMANDS)
    assert all(command.help for command in COMMANDS.values())


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("/set temperature 0.2", "set", "temperature 0.2"),
        ("  /undo ", "undo", ""),
        ("/quit", "exit", ""),
        ("/system Be\nbrief.", "system", "Be\nbrief."),
    ],
)
def test_a_command_and_its_text(line: str, name: str, text: str) -> None:
    found = parse(line)
    assert found is not None
    assert (found[0].name, found[1]) == (name, text)


@pytest.mark.parametrize("line", ["Hello", "/usr/bin is what?", "//set", "/", "1/2", "/Set", ""])
def test_other_lines_are_questions(line: str) -> None:
    assert parse(line) is None


def test_an_unknown_command_has_a_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        parse("/retyr")
    assert "retry" in (caught.value.hint or "")
