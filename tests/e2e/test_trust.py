"""A repository from elsewhere, and a file from another tool, as a user meets them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx

from tests.e2e.conftest import Cli, Serve

TEAM = """\
mlxk: 1
model: builtin:demo
server:
  listen: 0.0.0.0:0
  api_keys: ["k"]
"""

OLLAMA = """\
# from our Modelfile
model: builtin:demo
options:
  # exact
  temperature: 0
  num_predict: 64   # short
"""


def test_a_server_of_a_repository_starts_when_it_is_trusted(tmp_path: Path, cli: Cli, serve: Serve) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    profile = tmp_path / "team.yaml"
    profile.write_text(TEAM)
    refused = cli("up", "./team.yaml", "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert refused.returncode == 1
    assert "--> team.yaml:4:11" in refused.stderr
    assert "mlxk trust team.yaml" in refused.stderr
    trusted = cli("trust", "--yes", "./team.yaml", cwd=tmp_path)
    assert (trusted.returncode, trusted.stderr) == (0, "")
    with serve("./team.yaml", cwd=tmp_path) as server:
        assert httpx.get(f"{server.url}/v1/models").status_code == 401
        assert httpx.get(f"{server.url}/v1/models", headers={"x-api-key": "k"}).status_code == 200
    profile.write_text(TEAM + "# edited\n")
    again = cli("run", "-p", "./team.yaml", "Hello", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "the file has changed since it was trusted" in again.stderr


def test_a_file_in_the_words_of_another_tool_runs_after_migrating(tmp_path: Path, cli: Cli) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text(OLLAMA)
    assert "mlxk migrate" in cli("run", "-p", "./mine.yaml", "Hello", cwd=tmp_path).stderr
    assert cli("migrate", "mine.yaml", cwd=tmp_path).returncode == 0
    assert "# short" in profile.read_text()
    done = cli("run", "-q", "-p", "./mine.yaml", "Why is the sky blue?", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sky looks blue" in done.stdout
