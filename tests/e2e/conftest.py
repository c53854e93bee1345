"""The product as a user has it: the `mlxk` command in a process of its own, and its server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MLXK = (sys.executable, "-m", "mlxk")
TIMEOUT = 60  # seconds until a hanging command fails its test


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home and working folder, so that no file of this machine takes part."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLXK_", "HF_", "XDG_"))
    }
    return {
        **kept,
        "HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_HUB_OFFLINE": "1",
        "NO_COLOR": "1",
    }


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cli(home: Path, environment: dict[str, str]) -> Cli:
    """`cli("run", …, stdin="…")` runs one command to its end."""

    def run(*arguments: str, stdin: str = "", **kwargs: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MLXK, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            **{"cwd": home, "env": environment, **kwargs},
        )

    return run


@pytest.fixture
def endless(tmp_path: Path, qwen3_path: Path) -> Path:
    """A profile of a model that never ends its turn: its end-of-turn tokens are out of reach."""
    ends = json.loads((qwen3_path / "generation_config.json").read_text())["eos_token_id"]
    bias = ", ".join(f"{token}: -100" for token in ends)
    profile = tmp_path / "endless.yaml"
    profile.write_text(
        f"mlxk: 1\nmodel: {qwen3_path}\nsampling: {{temperature: 0, logit_bias: {{{bias}}}}}\n"
    )
    return profile


class Log:
    """What a process says on stderr, read as it comes: one that nobody reads would stop it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self.thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self.thread.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                with self._changed:
                    self.lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first line with `pattern`, once it is there."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended or self._find(pattern), TIMEOUT)
            found = self._find(pattern)
        assert found, f"{pattern} is not in what it said: {''.join(self.lines)}"
        return found

    def _find(self, pattern: str) -> re.Match[str] | None:
        return next(filter(None, (re.search(pattern, line) for line in self.lines)), None)


@dataclass(frozen=True)
class Server:
    """A running `mlxk up`."""

    url: str
    process: subprocess.Popen[str]
    log: Log

    def engine_pids(self) -> list[int]:
        """Its child processes, as the system sees them."""
        return children(self.process.pid)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=TIMEOUT)


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


Serve = Callable[..., Any]


@pytest.fixture(scope="session")
def serve(home: Path, environment: dict[str, str]) -> Serve:
    """`with serve("demo", …) as server:` runs `mlxk up` on a free port until the block ends."""

    @contextmanager
    def start(
        *arguments: str,
        cwd: Path | None = None,
        listen: str = "127.0.0.1:0",
        env: dict[str, str] | None = None,
    ) -> Iterator[Server]:
        command: Sequence[str] = [*MLXK, "up", *arguments, "--listen", listen]
        process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd or home,
            env=env or environment,
            start_new_session=True,
        )
        log = Log(process)
        try:
            yield Server(log.wait_for(r"https?://[^\s/,;\"]+:\d+|unix:[^\s,;\"]+").group(), process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=TIMEOUT)
            log.thread.join(TIMEOUT)

    return start


@pytest.fixture(scope="session")
def demo_server(serve: Serve) -> Iterator[Server]:
    """One server with the embedded model for all tests that only talk to it."""
    with serve("demo") as server:
        yield server
