"""`mlxk chat` in a pipe and in a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import MLXK, TIMEOUT, Cli

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?|\r")


class Terminal:
    """A person's side of a pseudo-terminal."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self.descriptor = descriptor
        self.process = process
        self.screen = ""

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def wait_for(self, text: str) -> None:
        """Read until `text` is seen after what was seen before; forgets all up to it."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.screen:
            assert time.monotonic() < deadline, f"{text!r} did not come: {self.screen!r}"
            self._read(0.2)
        self.screen = self.screen.partition(text)[2]

    def wait_for_more(self, characters: int) -> None:
        """Read until an answer is under way."""
        deadline = time.monotonic() + TIMEOUT
        while len(self.screen) < characters:
            assert time.monotonic() < deadline, f"nothing came: {self.screen!r}"
            self._read(0.2)

    def wait_for_end(self, pressing: str = "") -> int:
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.screen!r}"
            self.type(pressing)
            self._read(0.1)
        return self.process.returncode

    def _read(self, seconds: float) -> None:
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # Linux: the other side of the terminal is closed
            return
        self.screen += _ESCAPES.sub("", data.decode(errors="replace"))


Open = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def terminal(home: Path, environment: dict[str, str]) -> Iterator[Open]:
    """`with terminal("chat", "-p", "demo") as person:` is that command in a terminal of its own."""

    @contextmanager
    def start(*arguments: str) -> Iterator[Terminal]:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        process = subprocess.Popen(
            [*MLXK, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=home,
            env={**environment, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=TIMEOUT)
            os.close(ours)

    return start


def _own_terminal() -> None:
    """Make the terminal the controlling one, so that Ctrl-C becomes a signal as it does for a person."""
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_pipe_is_read_line_by_line(cli: Cli) -> None:
    done = cli("chat", "-p", "demo", stdin="Hello\n\nWhy is the sky blue?\nquit\nHello\n")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert done.stdout.splitlines()[0] == cli("run", "-p", "demo", "Hello").stdout.strip()
    (line,) = done.stderr.splitlines()
    assert line.startswith("files: ")
    assert line.endswith("demo.yaml")


@pytest.mark.parametrize("stop", ['sequences: ["7, 8"]', 'tokens: ["7"]'])
def test_a_profiles_stops_end_each_turn_and_are_not_shown(cli: Cli, tmp_path: Path, stop: str) -> None:
    """A stop over several tokens, or a token; the conversation goes on behind it."""
    profile = tmp_path / "stops.yaml"
    profile.write_text(f"mlxk: 1\nextends: demo\nstop: {{{stop}}}\n")
    done = cli("chat", "-p", str(profile), stdin="Count from 1 to 20.\nHello!\n")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "1, 2, 3, 4, 5, 6, "
    assert second.startswith("Hello!")


def test_the_end_of_a_pipe_leaves(cli: Cli) -> None:
    assert cli("chat", "-p", "demo", stdin="Hello").returncode == 0


def test_a_model_needs_no_profile(cli: Cli) -> None:
    assert cli("chat", "builtin:demo", "--temperature", "0", stdin="Hello\n").stdout


def test_the_history_is_remembered(cli: Cli) -> None:
    done = cli("chat", "-p", "demo", stdin="My name is Ada.\nWhat is my name?\n")
    assert "Ada" in done.stdout.splitlines()[-1]


def test_a_full_window_keeps_the_conversation(cli: Cli) -> None:
    done = cli("chat", "-p", "demo", "--context", "60", stdin=f"{'sky ' * 100}\nHello\n")
    assert done.returncode == 0
    assert "context window" in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout == cli("run", "-p", "demo", "Hello").stdout


def test_the_oldest_turns_leave_a_full_window_when_the_profile_says_so(cli: Cli) -> None:
    turns = "Hello\n" * 8
    done = cli(
        "chat", "-p", "demo", "--context", "160", "--set", "tokens.overflow=truncate_oldest", stdin=turns
    )
    assert done.returncode == 0, done.stderr
    assert "oldest messages were left out" in done.stderr
    assert len(done.stdout.splitlines()) >= 8


@pytest.mark.parametrize(
    "leave", ["exit\r", "quit\r", "\x04", "\x03\x03"], ids=["exit", "quit", "ctrl-d", "ctrl-c"]
)
def test_ways_to_leave(terminal: Open, leave: str) -> None:
    with terminal("chat", "-p", "demo") as person:
        person.wait_for("\n>")
        person.type(leave)
        assert person.wait_for_end() == 0


def test_run_without_a_prompt_is_a_chat(terminal: Open) -> None:
    with terminal("run", "-p", "demo") as person:
        person.wait_for("\n>")
        person.type("Hello\r")
        person.wait_for("[Reasoning]")
        person.wait_for("[Answer]")
        person.wait_for("\n>")
        person.type("exit\r")
        assert person.wait_for_end() == 0


def test_ctrl_c_stops_the_answer_and_keeps_the_conversation(terminal: Open, endless: Path) -> None:
    with terminal("chat", "-p", str(endless)) as person:
        for _ in range(2):
            person.wait_for("\n>")
            person.type("Go on.\r")
            person.wait_for("Go on.")
            person.wait_for_more(20)
            person.type("\x03")
            person.wait_for("the conversation goes on")
        person.wait_for("\n>")
        person.type("exit\r")
        assert person.wait_for_end() == 0


def test_sigterm_ends_a_chat(terminal: Open) -> None:
    with terminal("chat", "-p", "demo") as person:
        person.wait_for("\n>")
        person.process.send_signal(signal.SIGTERM)
        assert person.wait_for_end() in (-signal.SIGTERM, 128 + signal.SIGTERM)


def test_commands_work_in_a_pipe(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nsampling:\n  temperature: 0 # greedy\n")
    lines = (
        "My name is Ada.",
        "/set temperature -1",
        "/set top_k 40",
        "/save profile",
        "What is my name?",
        "/export talk.json",
        "/undo",
        "/model builtin:demo",
        "/profile demo-harmony",
        "What is my name?",
        "/clear",
        "/load talk.json",
        "/retry",
        "/nonesuch",
        "/exit",
        "Hello",
    )
    done = cli("chat", "-p", str(profile), stdin="\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == 4
    assert all("Ada" in answer for answer in answers)
    assert "overrides mine.yaml:4" in done.stderr
    assert "there is no command /nonesuch" in done.stderr
    assert profile.read_text().endswith("  temperature: 0 # greedy\n  top_k: 40\n")


def test_what_is_saved_counts_in_a_chat_of_that_file(cli: Cli, tmp_path: Path) -> None:
    lines = "/set top_k 40\n/save ./new.yaml\n/profile ./new.yaml\n/show top_k\n"
    done = cli("chat", "-p", "demo", stdin=lines, cwd=tmp_path)
    assert "sampling.top_k in new.yaml" in done.stderr
    assert "counts more" not in done.stderr
    assert "new.yaml:4" in done.stderr
    flags = cli("chat", "-p", "demo", "--top-k", "3", stdin="/set top_k 40\n/save ./other.yaml", cwd=tmp_path)
    assert "--top-k counts more than that file" in flags.stderr


def test_a_variant_leaves_what_was_set(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nvariants: {warm: {sampling: {temperature: 1.5, top_k: 3}}}\n")
    lines = (
        "/variant",
        "/set top_k 40",
        "/variant warm",
        "/show set",
        "/show",
        "/variant hot",
        "/variant none",
    )
    done = cli("chat", "-p", str(profile), stdin="\n".join(lines))
    assert done.returncode == 0
    said = done.stderr.splitlines()
    assert said[1] == "  warm"
    assert any(line.startswith("mine:warm: ") for line in said)
    assert "sampling.top_k: 40" in said
    assert "  temperature: 1.5" in done.stderr
    assert "has no variant `hot`" in done.stderr
    assert said[-1].startswith("mine: ")


def test_the_window_is_told_before_it_is_full(cli: Cli) -> None:
    done = cli("chat", "-p", "demo", "--context", "60", stdin="Hello\nHello\n/tokens\n")
    assert "% full; when it is full, questions are refused" in done.stderr
    assert "of 60 tokens are used" in done.stderr


def test_a_line_below_a_growing_answer_tells_how_it_goes(terminal: Open, endless: Path) -> None:
    with terminal("chat", "-p", str(endless)) as person:
        person.wait_for("\n>")
        person.type("Go on.\r")
        for _ in range(3):
            person.wait_for(" tokens/s · endless")
            person.wait_for("/4,096 tokens (")
        person.type("\x03")
        person.wait_for("the conversation goes on")
        person.wait_for("\n>")
        person.type("/exit\r")
        assert person.wait_for_end() == 0


def test_a_line_can_be_continued_changed_and_found_again(terminal: Open) -> None:
    with terminal("chat", "-p", "demo") as person:
        person.wait_for("\n>")
        person.type("My name\\\ris Ada.\r")
        person.wait_for("[Answer]")
        person.wait_for("\n>")
        person.type("/edit\r")
        person.wait_for("… is Ada.")
        person.type("\x7f\x7f\x7f\x7fBob.\r")
        person.wait_for("[Answer]")
        person.wait_for("Bob")
        person.wait_for("\n>")
        person.type("\x0f")
        person.wait_for("Bob")
        person.wait_for("\n>")
        person.type("\x04")
        assert person.wait_for_end() == 0


def test_what_was_typed_is_kept_in_a_private_file(
    terminal: Open, home: Path, environment: dict[str, str]
) -> None:
    with terminal("chat", "-p", "demo") as person:
        person.wait_for("\n>")
        person.type("/tokens one two three\r")
        person.wait_for("tokens")
        person.type("/exit\r")
        assert person.wait_for_end() == 0
    file = home / ".local" / "state" / "mlxk" / "chat_history"
    assert "/tokens one two three" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    with terminal("chat", "-p", "demo") as person:
        person.wait_for("\n>")
        person.type("\x12three")
        person.wait_for("/tokens one two three")
        person.type("\x03\x04")
        person.wait_for_end()


def test_typing_ahead_waits_for_its_turn(terminal: Open) -> None:
    with terminal("chat", "-p", "demo") as person:
        person.type("Hello\r/exit\r")
        person.wait_for("[Answer]")
        assert person.wait_for_end() == 0


@pytest.fixture
def slow(tmp_path: Path, qwen3_path: Path) -> Path:
    """A profile whose model never gets loaded: its code waits for what nobody writes into a pipe."""
    folder = tmp_path / "slow"
    shutil.copytree(qwen3_path, folder)
    os.mkfifo(tmp_path / "never")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_file": "slow.py"}))
    (folder / "slow.py").write_text(
        f"open({str(tmp_path / 'loading')!r}, 'w').write('now')\nopen({str(tmp_path / 'never')!r}).read()\n"
    )
    profile = tmp_path / "slow.yaml"
    profile.write_text(f"mlxk: 1\nmodel: {folder}\n")
    return profile


def test_ctrl_c_twice_leaves_a_later_load(terminal: Open, slow: Path) -> None:
    with terminal("chat", "-p", "demo", "--set", "model.trust_remote_code=true") as person:
        person.wait_for("\n>")
        person.type(f"/profile {slow}\r")
        person.wait_for("loading")
        assert person.wait_for_end(pressing="\x03") == 130
        assert termios.tcgetattr(person.descriptor)[3] & termios.ECHO


@pytest.mark.parametrize("command", [("chat",), ("run", "Hello")], ids=["chat", "run"])
def test_ctrl_c_ends_the_first_load_at_once(terminal: Open, slow: Path, command: tuple[str, ...]) -> None:
    with terminal(*command, "-p", str(slow), "--set", "model.trust_remote_code=true") as person:
        person.wait_for("loading")
        person.type("\x03")
        assert person.wait_for_end() == 130
        assert "error" not in person.screen
        assert termios.tcgetattr(person.descriptor)[3] & termios.ECHO
