"""The wheel: what it carries, and that it works from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import TIMEOUT

ROOT = Path(__file__).parents[2]
MOST_BYTES = 4 << 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the project's own build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=TIMEOUT,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_what_it_carries(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "mlxk/py.typed",
        "mlxk/profiles/demo.yaml",
        "mlxk/profiles/gptoss-server.yaml",
        "mlxk/schemas/profile.v1.json",
        "mlxk/server/page/index.html",
        "mlxk/hub/builtin/demo/model.safetensors",
        "mlxk/hub/builtin/demo/tokenizer.json",
        "mlxk/hub/builtin/demo/additional_chat_templates/harmony.jinja",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]
    assert wheel.stat().st_size < MOST_BYTES


def test_it_works_in_an_empty_folder(wheel: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--quiet",
            "--target",
            str(installed),
            str(wheel),
        ],
        check=True,
        capture_output=True,
        timeout=TIMEOUT,
    )

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mlxk", *arguments],
            cwd=elsewhere,
            env={**environment, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("run", "-p", "demo", "Why is the sky blue?").strip()
    assert str(installed) in run("profiles", "--json")
    assert '"$schema"' in run("schema", "profile")
