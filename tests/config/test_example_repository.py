"""examples/repository: what its README says holds, in a copy that stands alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from mlxk.cli import main
from mlxk.config import catalogue, resolve, validate_files

EXAMPLE = Path(__file__).parents[2] / "examples" / "repository"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as a repository of its own, and an empty home."""
    folder = tmp_path / "repository"
    shutil.copytree(EXAMPLE, folder)
    (folder / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(folder)
    return folder


def test_the_step_of_ci_passes_and_finds_a_mistake(copy: Path, capsys: Captured) -> None:
    workflow = yaml.safe_load((copy / ".github" / "workflows" / "profiles.yml").read_text())
    step = workflow["jobs"]["validate"]["steps"][-1]["run"].split()
    assert step[0] == "mlxk"
    assert main(step[1:]) == 0
    assert capsys.readouterr().out == ""
    with (copy / "profiles" / "review.yaml").open("a") as profile:
        profile.write("samplin: {}\n")
    assert main(step[1:]) == 1
    assert re.match(r"::error file=profiles/review\.yaml,line=\d+,col=1,", capsys.readouterr().out)


def test_every_file_is_checked_by_it(copy: Path) -> None:
    files = [copy / "mlxk.yaml", *(copy / "profiles").iterdir()]
    assert validate_files(files) == []
    assert {item.name for item in catalogue() if item.where == "project"} == {"assistant", "review"}


def test_overrides_go_by_glob_and_the_local_file_wins(copy: Path) -> None:
    review = resolve("review")
    assert review.profile.system is not None
    assert review.profile.system.startswith("You review")
    assert (review.profile.tokens.overflow, review.profile.sampling.top_k) == ("truncate_oldest", 20)
    assert review.origin("sampling.top_k").name == "mlxk.yaml"
    assistant = resolve("assistant")
    assert assistant.profile.stop.tokens == ["<|return|>", "<|call|>", "<|endoftext|>"]
    assert assistant.profile.sampling.top_k == 0
    local = re.search(r"```yaml\n(.*?)```", (copy / "README.md").read_text(), re.DOTALL)
    assert local is not None
    (copy / "mlxk.local.yaml").write_text(local[1])
    assert resolve("review").profile.tokens.context == 8192
    assert "mlxk.local.yaml" in (copy / ".gitignore").read_text()


@pytest.mark.parametrize("command", ["profiles", "validate", "config -p review --origin", "explain"])
def test_the_commands_of_the_readme(copy: Path, command: str, capsys: Captured) -> None:
    lines = re.findall(r"^mlxk ([^#\n]+?)\s*(?:#.*)?$", (copy / "README.md").read_text(), re.MULTILINE)
    (line,) = [line for line in lines if line.startswith(command)]
    assert main(line.split()) == 0
    assert capsys.readouterr().out or command == "validate"
