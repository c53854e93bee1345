"""`mlxk run` as a person and a script use it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import MLXK, TIMEOUT, Cli


def test_json_has_every_part(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "--json", "Why is the sky blue?")
    answer = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert answer["model"] == "demo"
    assert answer["reasoning"]
    assert answer["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == sum(
        answer["usage"][key] for key in ("prompt_tokens", "completion_tokens")
    )


def test_the_prompt_may_come_from_stdin(cli: Cli) -> None:
    asked = cli("run", "-p", "demo", "Why is the sky blue?")
    assert cli("run", "-p", "demo", stdin="Why is the sky blue?\n").stdout == asked.stdout
    assert cli("run", "-p", "demo", "-", stdin="Why is the sky blue?").stdout == asked.stdout
    assert cli("run", "-p", "demo", "Why", "is", "the", "sky", "blue?").stdout == asked.stdout


def test_a_model_needs_no_profile(cli: Cli) -> None:
    done = cli("run", "builtin:demo", "--temperature", "0", "Why is the sky blue?")
    assert done.stdout == cli("run", "-p", "demo", "Why is the sky blue?").stdout


def test_two_ranks_say_the_same(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "two.yaml"
    hosts = "engine: {distributed: {hosts: [127.0.0.1, 127.0.0.1]}}\n"
    profile.write_text(f"mlxk: 1\nmodel: builtin:demo\nsampling: {{temperature: 0}}\n{hosts}")
    done = cli("run", "-p", str(profile), "Why is the sky blue?")
    assert done.stdout == cli("run", "-p", "demo", "Why is the sky blue?").stdout
    assert "[" not in done.stderr  # the ranks' log is not for a person


def test_reasoning_is_shown_when_asked(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "--show-reasoning", "Why is the sky blue?")
    heading, reasoning, *_ = done.stdout.splitlines()
    assert heading == "[Reasoning]"
    assert reasoning
    assert "[Answer]\n" in done.stdout
    assert "[Reasoning]" not in cli("run", "-p", "demo", "Why is the sky blue?").stdout


def test_thinking_can_be_switched_off(cli: Cli) -> None:
    answer = json.loads(cli("run", "-p", "demo", "--json", "--no-think", "Why is the sky blue?").stdout)
    assert answer["reasoning"] is None
    assert answer["usage"]["reasoning_tokens"] == 0
    assert answer["text"]


def test_stderr_names_the_files_that_were_used(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mlxk.yaml").write_text("mlxk: 1\nprofiles: [profiles]\n")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").write_text("mlxk: 1\nextends: demo\n")
    done = cli("run", "-p", "mine", "Hello", cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert line.startswith("files: mlxk.yaml, ")
    assert line.endswith("demo.yaml, profiles/mine.yaml")


def test_verbose_tells_model_and_cost_on_stderr(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "-v", "Hello")
    assert "model builtin:demo" in done.stderr
    assert "finish reason stop" in done.stderr
    assert done.stdout == cli("run", "-p", "demo", "Hello").stdout


def test_the_same_seed_gives_the_same_text(cli: Cli) -> None:
    def sampled(seed: int) -> str:
        return cli(
            "run", "-p", "demo", "--temperature", "1.5", "--seed", str(seed), "Tell me a story."
        ).stdout

    assert sampled(7) == sampled(7)
    assert len({sampled(seed) for seed in (1, 2, 3)}) > 1


def test_json_lines_tell_every_event(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "--json", "--stream", "--stats", "Hello")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [events[0]["type"], events[-1]["type"]] == ["start", "finish"]
    text = next(event["index"] for event in events if event.get("kind") == "text")
    said = [e["text"] for e in events if e["type"] == "block_delta" and e["index"] == text]
    assert len(said) > 1
    assert "".join(said) == cli("run", "-p", "demo", "--no-stream", "Hello").stdout.rstrip("\n")
    assert "tokens/s" in done.stderr
    assert "peak memory" in done.stderr


def test_files_go_before_the_prompt(cli: Cli, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"This is {name}.\n")
    done = cli(*("run", "-p", "demo", "--file", "a.txt", "--file", "b.txt", "--json", "Hello"), cwd=tmp_path)
    prompt = "a.txt:\n```txt\nThis is a.txt.\n```\n\nb.txt:\n```txt\nThis is b.txt.\n```\n\nHello"
    as_text = cli("run", "-p", "demo", "--json", prompt)
    tokens = [json.loads(out.stdout)["usage"]["prompt_tokens"] for out in (done, as_text)]
    assert tokens[0] == tokens[1]


def test_an_answer_that_reached_its_limit_is_told(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "--max-tokens", "3", "Tell me a story.")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "(the answer reached its token limit)"
    assert cli("run", "-p", "demo", "-q", "--max-tokens", "3", "Tell me a story.").stderr == ""


def test_quiet_leaves_warnings_out(cli: Cli, environment: dict[str, str]) -> None:
    odd = {**environment, "MLXK_NONESUCH": "1"}
    loud = cli("run", "-p", "demo", "Hello", env=odd)
    assert "MLXK_NONESUCH" in loud.stderr
    quiet = cli("run", "-p", "demo", "-q", "Hello", env=odd)
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout
    assert cli("run", "-q", "-p", "dmo", "Hello").stderr


def interrupted(
    profile: Path, home: Path, environment: dict[str, str], *options: str
) -> tuple[int, str, str]:
    """Run until text was seen, press Ctrl-C, and wait."""
    command = [*MLXK, "run", "-p", str(profile), "Go on.", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home, env=environment
    )
    assert process.stdout is not None
    seen = process.stdout.read(20)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=TIMEOUT)
    return process.returncode, seen + rest, errors


def test_ctrl_c_ends_in_order(endless: Path, home: Path, environment: dict[str, str]) -> None:
    status, said, errors = interrupted(endless, home, environment, "-v")
    assert status == 130
    assert said.endswith("\n")
    assert "finish reason cancelled" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("module", ["cyclopts", "mlxk.config", "mlxk.text", "mlx.core"])
def test_ctrl_c_while_loading(home: Path, environment: dict[str, str], module: str) -> None:
    """At the moment when `module` was imported."""
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "mlxk", "run", "-p", "demo", "Tell me a story."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.rstrip().endswith(f" {module}"):
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=TIMEOUT)
    said = [line for line in errors.splitlines() if not line.startswith("import time:")]
    assert [line for line in said if not line.startswith("files: ")] == []
    assert process.returncode in (130, -signal.SIGINT)


def test_a_reader_that_leaves_is_no_error(endless: Path, home: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*MLXK, "run", "-p", str(endless), "Go on."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=TIMEOUT) == 141
    assert [line for line in errors.splitlines() if not line.startswith("files: ")] == []


def test_the_token_limit_is_a_fact(cli: Cli, endless: Path) -> None:
    answer = json.loads(cli("run", "-p", str(endless), "--json", "--max-tokens", "33", "Go on.").stdout)
    assert answer["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 33


def test_run_may_use_the_whole_context(cli: Cli, endless: Path) -> None:
    done = cli("run", "-p", str(endless), "--json", "--context", "200", "Go on.")
    answer = json.loads(done.stdout)
    assert answer["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 200


BAD_FOLDERS = {
    "without weights": ("model.safetensors", None, "no weights"),
    "corrupt weights": ("model.safetensors", b"\x10\0\0\0\0\0\0\0 nonsense", "corrupt"),
    "no tokenizer": ("tokenizer.json", None, "tokenizer"),
    "corrupt tokenizer": ("tokenizer.json", b"{", "tokenizer"),
    "no config": ("config.json", None, "no config.json"),
    "unknown architecture": ("config.json", b'{"model_type": "nonesuch"}', "nonesuch"),
    "broken template": ("chat_template.jinja", b"{% for %}", "template"),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_a_broken_model_is_refused(cli: Cli, qwen3_path: Path, tmp_path: Path, case: str) -> None:
    file, content, message = BAD_FOLDERS[case]
    folder = tmp_path / "model"
    shutil.copytree(qwen3_path, folder)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    done = cli("run", str(folder), "Hello")
    assert_refused(done, 1, message)


def assert_refused(done: subprocess.CompletedProcess[str], status: int, message: str) -> None:
    """A clear error on stderr, a hint, nothing on stdout, no traceback."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_a_model_without_a_template_still_answers(cli: Cli, qwen3_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(qwen3_path, folder)
    (folder / "chat_template.jinja").unlink()
    done = cli("run", str(folder), "--max-tokens", "5", "Hello")
    assert done.returncode == 0
    assert "warning" in done.stderr
    assert "template" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run",), 2, "nothing to run"),
        (("run", "-p", "dmo", "Hello"), 1, "did you mean `demo`?"),
        (("run", "-p", "demo", ""), 2, "the prompt is empty"),
        (("run", "-p", "demo", "--file", "none.py", "Hello"), 2, "none.py cannot be read"),
        (("run", "org/missing", "Hello"), 1, "mlxk pull org/missing"),
        (("run", "./missing", "Hello"), 1, "no model folder"),
        (("run", "-p", "demo", "--temperature", "warm", "Hello"), 2, "warm"),
        (("run", "-p", "demo", "--temperature", "-1", "Hello"), 1, "temperature"),
        (("run", "-p", "demo", "--tmperature", "1", "Hello"), 2, "--temperature"),
        (("run", "-p", "demo", "--set", "sampling.temprature=1", "Hello"), 1, "did you mean `temperature`"),
        (("run", "-p", "demo", "--context", "99999", "Hello"), 1, "has 4096"),
        (("run", "-p", "demo", "--context", "10", "Why is the sky so blue today?"), 1, "context window"),
        (("runn", "-p", "demo", "Hello"), 2, "run"),
    ],
)
def test_bad_command_lines(cli: Cli, arguments: tuple[str, ...], status: int, message: str) -> None:
    assert_refused(cli(*arguments), status, message)


def test_an_unknown_key_has_a_position(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "bad.yaml"
    profile.write_text("mlxk: 1\nmodel: builtin:demo\nsampling:\n  temprature: 0.7\n")
    done = cli("run", "-p", str(profile), "Hello")
    assert_refused(done, 1, "did you mean `temperature`?")
    assert "bad.yaml:4:3" in done.stderr
    assert "^^^^^^^^^^" in done.stderr


def test_stdin_that_is_not_text(home: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*MLXK, "run", "-p", "demo"],
        input=b"\xff\xfe\x00",
        capture_output=True,
        cwd=home,
        env={**environment},
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert b"not UTF-8" in done.stderr
