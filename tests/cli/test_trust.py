"""`mlxk trust`: what it shows, asks, keeps and forgets."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mlxk.cli import main

Captured = pytest.CaptureFixture[str]

TEAM = "mlxk: 1\nmodel: builtin:demo\nserver:\n  listen: 0.0.0.0:0\n  api_keys: [sk-secret]\n"


class Terminal(io.StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def work(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "work"
    (folder / "profiles").mkdir(parents=True)
    (folder / "mlxk.yaml").write_text("mlxk: 1\n")
    (folder / "profiles" / "team.yaml").write_text(TEAM)
    (folder / "profiles" / "plain.yaml").write_text("mlxk: 1\nmodel: builtin:demo\n")
    monkeypatch.chdir(folder)
    return folder


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(text))


def runs(capsys: Captured) -> bool:
    status = main(["run", "-p", "team", "--max-tokens", "1", "Hi"])
    err = capsys.readouterr().err
    assert status == (1 if "error[E601]" in err else 0)
    return status == 0


def test_it_shows_and_asks(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not runs(capsys)
    answers(monkeypatch, "y\n")
    assert main(["trust"]) == 0
    assert capsys.readouterr().out == (
        "profiles/team.yaml (not trusted)\n"
        "  `server.listen` opens the server to the network\n"
        "    4 | listen: 0.0.0.0:0\n"
        "Trust this file? [y/N] trusted: profiles/team.yaml\n"
    )
    assert runs(capsys)
    assert main(["trust"]) == 0
    assert capsys.readouterr().out.startswith("profiles/team.yaml (trusted)\n")


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "maybe\n"])
def test_anything_but_yes_is_no(capsys: Captured, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    answers(monkeypatch, answer)
    assert main(["trust", "team"]) == 1
    assert "nothing was trusted" in capsys.readouterr().err
    assert not runs(capsys)


def test_without_a_terminal_it_needs_yes(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["trust"]) == 2
    err = capsys.readouterr().err
    assert "standard input is no terminal" in err
    assert "mlxk trust --yes" in err
    assert not runs(capsys)
    assert main(["trust", "--yes", "profiles/team.yaml"]) == 0
    assert runs(capsys)


def test_a_change_is_told(work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["trust", "--yes"])
    (work / "profiles" / "team.yaml").write_text(f"{TEAM}system: hi\n")
    assert not runs(capsys)
    answers(monkeypatch, "no\n")
    main(["trust"])
    assert "profiles/team.yaml (changed since it was trusted)" in capsys.readouterr().out


def test_listing_and_revoking(work: Path, capsys: Captured) -> None:
    for name in ("gone", "edited"):
        (work / "profiles" / f"{name}.yaml").write_text(TEAM)
    main(["trust", "--yes"])
    (work / "profiles" / "gone.yaml").unlink()
    (work / "profiles" / "edited.yaml").write_text(f"{TEAM}\n")
    capsys.readouterr()
    assert main(["trust", "--list"]) == 0
    folder = work / "profiles"
    assert capsys.readouterr().out.splitlines() == [
        f"changed  {folder}/edited.yaml",
        f"missing  {folder}/gone.yaml",
        f"trusted  {folder}/team.yaml",
    ]
    assert main(["trust", "--revoke", "profiles/gone.yaml", "team"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"no longer trusted: {folder}/gone.yaml",
        f"no longer trusted: {folder}/team.yaml",
    ]
    assert not runs(capsys)
    assert main(["trust", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"file": f"{folder}/edited.yaml", "state": "changed"}]
    assert main(["trust", "--revoke", "team"]) == 0
    assert capsys.readouterr().out == "none of these was trusted\n"


def test_for_programs(capsys: Captured) -> None:
    def said(*arguments: str) -> tuple[int, object]:
        status = main(["trust", "--json", *arguments])
        return status, json.loads(capsys.readouterr().out)

    ask = {"key": "server.listen", "what": "opens the server to the network", "line": 4, "column": 11}
    file = {"file": "profiles/team.yaml", "changed": False, "asks": [ask]}
    assert said() == (1, [{**file, "trusted": False}])
    assert said("--yes") == (0, [{**file, "trusted": True}])
    assert said("team") == (0, [{**file, "trusted": True}])
    assert said("plain") == (0, [])


def test_no_secret_is_shown(work: Path, capsys: Captured) -> None:
    (work / "profiles" / "team.yaml").write_text(
        "mlxk: 1\nmodel: builtin:demo\nserver: {listen: '0.0.0.0:0', api_keys: [sk-secret]}\n"
    )
    main(["trust", "--yes"])
    said = capsys.readouterr()
    assert "3 | server: {listen: '0.0.0.0:0', api_keys: [*********]}" in said.out
    assert "secret" not in said.out + said.err


def test_a_file_cannot_write_over_what_is_shown(work: Path, capsys: Captured) -> None:
    """A key may hold what moves a terminal's cursor, and hide what the file asks for."""
    (work / "profiles" / "team.yaml").write_text(
        'mlxk: 1\nmodel: builtin:demo\nvariants: {"v\\e[2J\\x9b1A": {system: "${file:/etc/hostname}"}}\n'
    )
    for command in (["run", "-p", "team", "Hi"], ["validate"], ["config", "-p", "team"], ["trust", "--yes"]):
        main(command)
        said = capsys.readouterr()
        assert "v\ufffd[2J\ufffd1A" in said.out + said.err
        assert not any(char in said.out + said.err for char in "\x1b\x9b")


def test_nothing_to_trust(work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["trust", "demo"]) == 0
    assert capsys.readouterr().out == "nothing here needs trust\n"
    assert main(["trust", "--list"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["trust", "nobody"]) == 1
    assert "there is no profile `nobody`" in capsys.readouterr().err
    (work / "profiles" / "team.yaml").write_text("mlxk: 1\nserver: [")
    assert main(["trust", "team"]) == 1
    assert "error[E005]" in capsys.readouterr().err
    (work.parent / "empty").mkdir()
    monkeypatch.chdir(work.parent / "empty")
    assert main(["trust"]) == 2
    assert "mlxk trust PATH" in capsys.readouterr().err


def test_looking_needs_no_trust(capsys: Captured) -> None:
    for command in (
        ["validate"],
        ["config", "-p", "team"],
        ["explain", "-p", "team", "server"],
        ["lock", "team"],
    ):
        assert main(command) == 0, command
        said = capsys.readouterr()
        assert "`server.listen` opens the server to the network: run, chat and up want" in said.out + said.err
    assert main(["up", "team"]) == 1
    assert "error[E601]" in capsys.readouterr().err


def test_a_damaged_state(work: Path, capsys: Captured) -> None:
    main(["trust", "--yes"])
    file = work.parent / ".local" / "state" / "mlxk" / "trust.json"
    file.write_text("{")
    capsys.readouterr()
    for command in (["trust", "--list"], ["trust", "--yes"], ["up", "team"], ["validate"]):
        assert main(command) == 1, command
        err = capsys.readouterr().err
        assert err.startswith(f"error: {file} is damaged: nothing is trusted\n")
        assert "hint: remove it" in err
