"""The README's promises that can be held against the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mlxk.cli import make_app
from mlxk.config import validate_files

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_ci_calls_exactly_the_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    install, test = re.search(
        r"^(\.venv/bin/pip install .*) && (\.venv/bin/python -m pytest)$", README, re.M
    ).groups()  # type: ignore[union-attr]
    assert f"exec {test}\n" in script
    assert install.split()[-1] in script


def test_every_command_is_described() -> None:
    commands = [name for name in make_app() if not name.startswith("-")]
    assert [name for name in commands if f"`mlxk {name}" not in README] == []


def test_the_profiles_shown_are_valid(tmp_path: Path) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", README, re.S)
    assert shown
    for number, text in enumerate(shown):
        folder = tmp_path / str(number)
        for needed in ("profiles", *re.findall(r"adapter: \./([\w/]+)", text)):
            (folder / needed).mkdir(parents=True)
        file = folder / ("mlxk.yaml" if "# mlxk.yaml" in text else "profile.yaml")
        file.write_text(text)
        assert validate_files([file], cwd=folder, environ={"CI_KEY": "secret"}) == []


@pytest.mark.parametrize("word", [r"/work/", r"/root/", r"\.internal\b"])
def test_no_path_of_a_machine_is_written_down(word: str) -> None:
    tracked = subprocess.run(
        ["git", "grep", "-lIE", word], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert [name for name in tracked.stdout.split() if name != "tests/test_readme.py"] == []
