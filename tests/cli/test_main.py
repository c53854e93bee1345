"""The outermost edge: help, usage errors, exit statuses, and what is not imported for them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mlxk import __version__
from mlxk.cli import main, make_app

HEAVY = (
    "mlx",
    "mlx_lm",
    "transformers",
    "sanic",
    "huggingface_hub",
    "numpy",
    "tokenizers",
    "pydantic_settings",
)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate"], ["profiles"], ["schema"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from mlxk.cli import main; status = main(sys.argv[1:]); "
        f"print(status, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "STUDIO_KEY": "studio"},
    )
    assert done.stderr.splitlines()[-1] == "0 []"


def test_the_terminal_breaks_paragraphs_of_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["run", "--help"]) == 0
    said = capsys.readouterr().out
    assert "`-`, or no prompt in a pipe, reads standard input; no prompt" in said
    assert '\n    mlxk run -p demo "Why is the sky blue?"\n' in said


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for name in make_app():
        assert name in said


@pytest.mark.parametrize("command", [name for name in make_app() if not name.startswith("-")])
def test_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"mlxk {command}" in capsys.readouterr().out.partition("Example")[2]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["rnu"], "rnu", "see: mlxk --help"),
        (["run", "--temprature", "1"], "--temperature", "see: mlxk run --help"),
        (["schema", "proflie"], "proflie", "see: mlxk schema --help"),
    ],
)
def test_usage_errors(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert hint in said.err


def test_a_bug_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("mlxk.cli.profiles.catalogue", broken)
    assert main(["profiles"]) == 1
    said = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: a bug" in said
    assert "Traceback" not in said


def test_ctrl_c_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mlxk.cli.profiles.catalogue", pressed)
    assert main(["profiles"]) == 130
