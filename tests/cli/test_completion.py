"""`mlxk completion`: what a shell really completes with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlxk.cli import main, make_app

Captured = pytest.CaptureFixture[str]


def complete(script: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    code = (
        f"source {script}; COMP_WORDS=({' '.join(repr(word) for word in words)}); "
        f"COMP_CWORD={len(words) - 1}; _mlxk mlxk; echo ${{COMPREPLY[@]}}"
    )
    # What it calls for names is the command beside this interpreter.
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=script.parent,
        env=os.environ | path,
    )
    return done.stdout.split()


@pytest.fixture
def script(tmp_path: Path, capsys: Captured) -> Path:
    assert main(["completion", "bash"]) == 0
    file = tmp_path / "mlxk.bash"
    file.write_text(capsys.readouterr().out)
    return file


def test_bash_completes_commands_options_and_values(script: Path) -> None:
    assert complete(script, "mlxk", "pu") == ["pull", "push"]
    assert {"--dry-run", "--revision", "--json"} <= set(complete(script, "mlxk", "pull", "--"))
    assert "high" in complete(script, "mlxk", "run", "--reasoning-effort", "")


def test_bash_completes_names_of_models_profiles_and_variants(script: Path, cache: Path) -> None:
    for name in ("org--tiny", "org--large", "other--tiny"):
        (cache / f"models--{name}").mkdir(parents=True)
    (script.parent / "mine.yaml").write_text(
        "mlxk: 1\nmodel: builtin:demo\nvariants: {cold: {sampling: {temperature: 0}}}\n"
    )
    (script.parent / ".hidden").mkdir()
    assert complete(script, "mlxk", "rm", "org/") == ["org/large", "org/tiny"]
    assert complete(script, "mlxk", "run", "oth") == ["other/tiny"]
    assert complete(script, "mlxk", "run", "-p", "demo", "o") == []
    assert complete(script, "mlxk", "up", "dem") == ["demo", "demo-harmony"]
    assert complete(script, "mlxk", "pull", "-p", "./mi") == ["./mine.yaml"]
    assert complete(script, "mlxk", "chat", "-p", "mine.yaml", "--variant", "") == ["cold"]
    (script.parent / "mine.yaml").write_text("mlxk: 1\nmdoel: builtin:demo\n")
    assert complete(script, "mlxk", "chat", "-p", "mine.yaml", "--variant", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_name_every_command(shell: str, capsys: Captured) -> None:
    assert main(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert [name for name in make_app() if not name.startswith("-") and name not in said] == []


def test_installing_changes_the_home_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["completion", "fish", "--install"]) == 0
    file = tmp_path / ".config" / "fish" / "completions" / "mlxk.fish"
    assert capsys.readouterr().out.strip() == str(file)
    assert "pull" in file.read_text()


def test_another_shell_is_told(capsys: Captured) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "tcsh" in capsys.readouterr().err
