"""`mlxk pull` as a process: on a terminal, stopped by Ctrl-C, and once more."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import ollama
import pytest

from tests.e2e.conftest import MLXK, TIMEOUT, Serve, children
from tests.hub.loopback import Hub, running

WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(qwen3_path: Path) -> Iterator[Hub]:
    with running() as server:
        server.add("org/tiny", qwen3_path)
        yield server


@pytest.fixture
def online(hub: Hub, environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose hub is ours."""
    ours = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1"}
    return {**environment, **ours, "HF_HUB_OFFLINE": "0"}


def pull(environment: dict[str, str], **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [*MLXK, "pull", "org/tiny"],
        env=environment,
        text=True,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def test_ctrl_c_stops_at_once_and_the_next_pull_goes_on(
    hub: Hub, online: dict[str, str], tmp_path: Path
) -> None:
    fault = hub.fault(WEIGHTS, cut=1000, hold=threading.Event(), whole=True)
    stopped = pull(online)
    assert fault.reached.wait(TIMEOUT)
    (child,) = children(stopped.pid)
    os.killpg(stopped.pid, signal.SIGINT)
    out, err = stopped.communicate(timeout=TIMEOUT)
    assert (stopped.returncode, out) == (130, "")
    assert err.endswith("stopped; the same command fetches the rest\n")
    assert not Path(f"/proc/{child}").exists()
    assert list((tmp_path / "hub").rglob("*.incomplete")) == []
    again = pull(online)
    out, err = again.communicate(timeout=TIMEOUT)
    assert (again.returncode, Path(out.strip(), WEIGHTS).is_file()) == (0, True)


def test_the_child_ends_with_its_parent(hub: Hub, online: dict[str, str]) -> None:
    fault = hub.fault(WEIGHTS, cut=1000, hold=threading.Event(), whole=True)
    parent = pull(online)
    assert fault.reached.wait(TIMEOUT)
    (child,) = children(parent.pid)
    parent.kill()
    # The pipe of stderr is the child's too: it ends when both are gone.
    parent.communicate(timeout=TIMEOUT)
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()


def test_a_terminal_shows_progress_and_a_pipe_does_not(hub: Hub, online: dict[str, str]) -> None:
    quiet = pull(online)
    assert quiet.communicate(timeout=TIMEOUT)[1] == "org/tiny: 405 kB of 405 kB to fetch\n"
    hub.repos["org/tiny"].change(**{WEIGHTS: hub.repos["org/tiny"].files[WEIGHTS][:-1] + b"\x01"})
    front, back = pty.openpty()
    termios.tcsetwinsize(back, (24, 80))
    shown = pull(online, stderr=back)
    os.close(back)
    out, _ = shown.communicate(timeout=TIMEOUT)
    said = os.read(front, 1 << 16).decode()
    os.close(front)
    assert shown.returncode == 0
    assert out.count("\n") == 1
    assert "0% |" in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h")  # the cursor is back, if it went


def test_a_server_downloads_what_its_profile_allows(
    hub: Hub, online: dict[str, str], serve: Serve, tmp_path: Path
) -> None:
    profile = tmp_path / "open.yaml"
    profile.write_text("mlxk: 1\nmodel: builtin:demo\nserver: {pull: [org/t*]}\n")
    with serve(str(profile), env=online) as server, ollama.Client(server.url, timeout=TIMEOUT) as client:
        with pytest.raises(ollama.ResponseError, match="does not download org/other"):
            client.pull("org/other")
        assert [part.status for part in client.pull("org/tiny", stream=True)][-1] == "success"
        server.log.wait_for("downloaded org/tiny")
    assert list((tmp_path / "hub").rglob(f"snapshots/*/{WEIGHTS}"))
