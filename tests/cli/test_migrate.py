"""`mlxk migrate`: what is written and what is told; exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from mlxk.cli import main

Captured = pytest.CaptureFixture[str]

OLD = "# a profile\nmlxk: 1\nmodel: org/m\ntemperature: 0.5  # warm\n"
NEW = "# a profile\nmlxk: 1\nmodel: org/m\nsampling:\n  temperature: 0.5  # warm\n"


@pytest.fixture(autouse=True)
def work(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a profile to migrate and one that is up to date."""
    folder = home / "work"
    (folder / "profiles").mkdir(parents=True)
    (folder / "mlxk.yaml").write_text("mlxk: 1\n")
    (folder / "profiles" / "old.yaml").write_text(OLD)
    (folder / "profiles" / "good.yaml").write_text("mlxk: 1\nmodel: org/m\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_files_of_the_project(work: Path, capsys: Captured) -> None:
    assert main(["migrate"]) == 0
    said = capsys.readouterr()
    assert said.out == "profiles/old.yaml\n  4: temperature → sampling.temperature\n"
    assert said.err == "3 files: 1 migrated, 2 up to date\n"
    assert (work / "profiles" / "old.yaml").read_text() == NEW
    assert main(["migrate"]) == 0
    assert capsys.readouterr().err == "3 files: 3 up to date\n"


@pytest.mark.parametrize(("flag", "status"), [("--check", 1), ("--diff", 1), ("--dry-run", 0)])
def test_looking_writes_nothing(work: Path, capsys: Captured, flag: str, status: int) -> None:
    assert main(["migrate", flag]) == status
    assert "3 files: 1 would change, 2 up to date" in capsys.readouterr().err
    assert (work / "profiles" / "old.yaml").read_text() == OLD
    assert main(["migrate", flag, "profiles/good.yaml"]) == 0


@pytest.mark.parametrize("text", [OLD, OLD.removesuffix("\n"), OLD.replace("\n", "\r\n")])
def test_the_diff_is_a_patch(work: Path, capsys: Captured, text: str) -> None:
    file = work / "profiles" / "old.yaml"
    file.write_bytes(text.encode())
    main(["migrate", "--diff", "profiles/old.yaml"])
    patch = capsys.readouterr().out
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=work, check=True)
    patched = file.read_bytes()
    file.write_bytes(text.encode())
    main(["migrate", "profiles/old.yaml"])
    assert patched == file.read_bytes()


def test_for_programs(work: Path, capsys: Captured) -> None:
    (work / "profiles" / "both.yaml").write_text("mlxk: 1\nmodel: o/m\nseed: 1\nsampling: {seed: 2}\n")
    assert main(["migrate", "--json"]) == 1
    found = {item["file"]: item for item in json.loads(capsys.readouterr().out)}
    old, both = found["profiles/old.yaml"], found["profiles/both.yaml"]
    change = {"line": 4, "old": "temperature", "new": "sampling.temperature"}
    assert (old["changed"], old["written"], old["changes"]) == (True, True, [change])
    assert old["diff"].startswith("--- a/profiles/old.yaml\n+++ b/profiles/old.yaml\n@@")
    assert (both["changed"], both["changes"]) == (False, [])
    assert (both["problems"][0]["line"], both["problems"][0]["code"]) == (3, "E501")


def test_a_conflict_changes_nothing_in_its_file(work: Path, capsys: Captured) -> None:
    both = work / "profiles" / "both.yaml"
    both.write_text("mlxk: 1\nmodel: o/m\nseed: 1\nsampling: {seed: 2}\ntemp: 1\n")
    before = both.read_bytes()
    assert main(["migrate"]) == 1
    err = capsys.readouterr().err
    assert "error[E501]: `seed` is `sampling.seed` here, which is set as well" in err
    assert "--> profiles/both.yaml:3:1" in err
    assert both.read_bytes() == before
    assert (work / "profiles" / "old.yaml").read_text() == NEW


def test_a_key_is_not_shown(work: Path, capsys: Captured) -> None:
    file = work / "profiles" / "old.yaml"
    file.write_text("mlxk: 1\nmodel: o/m\napi_key: sk-secret\n")
    for flag in ("--diff", "--json", "--dry-run"):
        main(["migrate", flag])
        said = capsys.readouterr()
        assert "secret" not in said.out + said.err
    main(["migrate"])
    assert file.read_text() == "mlxk: 1\nmodel: o/m\nserver:\n  api_keys: [sk-secret]\n"


def test_nothing_to_migrate(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["migrate"]) == 2
    assert "name files" in capsys.readouterr().err
    assert main(["migrate", "gone.yaml"]) == 1
    assert "error[E001]" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written(work: Path, capsys: Captured) -> None:
    folder = work / "profiles"
    blocker = folder / f".old.yaml.{os.getpid()}.tmp"
    blocker.mkdir()
    assert main(["migrate", "profiles/old.yaml"]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write profiles/old.yaml: ")
    assert (folder / "old.yaml").read_text() == OLD
