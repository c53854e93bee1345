"""A server follows its files: saved edits are applied, wrong ones are told and change nothing."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import threading
from pathlib import Path

import httpx
import openai

from tests.e2e.conftest import MLXK, Cli, Log, Serve

CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
CHANGE = {"key": "reasoning.expose", "before": "both", "after": "drop", "takes_effect": "live"}


def test_saved_edits_are_applied_and_wrong_ones_are_not(serve: Serve, tmp_path: Path) -> None:
    profile = tmp_path / "live.yaml"
    profile.write_text("mlxk: 1\nextends: demo\n")
    with serve(str(profile)) as server:
        first = httpx.post(server.url + CHAT, json=HELLO, timeout=60)
        assert "reasoning" in first.json()["choices"][0]["message"]
        engines = server.engine_pids()

        profile.write_text("mlxk: 1\nextends: demo\nreasoning: {expose: drop}\n")
        server.log.wait_for(r"changed reasoning\.expose: both → drop")
        second = httpx.post(server.url + CHAT, json=HELLO, timeout=60)
        assert "reasoning" not in second.json()["choices"][0]["message"]
        assert second.headers["x-mlxk-config-hash"] != first.headers["x-mlxk-config-hash"]
        assert server.engine_pids() == engines

        profile.write_text("mlxk: 1\nextends: demo\nreasoning: {expse: drop}\n")
        server.log.wait_for(r"did you mean `expose`\?")
        third = httpx.post(server.url + CHAT, json=HELLO, timeout=60)
        assert third.headers["x-mlxk-config-hash"] == second.headers["x-mlxk-config-hash"]

        profile.write_text(
            "mlxk: 1\nextends: demo\nserver: {listen: '127.0.0.1:1', routes: {/health: false}}\n"
        )
        server.process.send_signal(signal.SIGHUP)
        server.log.wait_for(r"changed server\.routes")
        assert httpx.get(server.url + "/health").status_code == 404
        assert server.stop() == 0


def test_other_weights_without_dropping_a_stream(
    serve: Serve, tmp_path: Path, qwen3_path: Path, endless: Path
) -> None:
    """The stream goes on with the model that began it; the next request gets the new one."""
    profile = tmp_path / "swapped.yaml"
    text = endless.read_text()
    profile.write_text(text)
    with serve(str(profile), "--set", "tokens.max_output=600") as server:
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        began, pieces = threading.Event(), []

        def read() -> None:
            for chunk in client.chat.completions.create(model="swapped", stream=True, **HELLO):  # type: ignore[call-overload]
                pieces.append(chunk)
                began.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert began.wait(60)
        (engine,) = server.engine_pids()
        profile.write_text(text.replace("sampling:", "engine: {concurrency: 3}\nsampling:"))
        server.log.wait_for(r"changed engine\.concurrency: 8 → 3")
        reader.join(60)
        assert pieces[-1].choices[0].finish_reason == "length"
        answer = client.chat.completions.create(model="swapped", max_tokens=2, **HELLO)  # type: ignore[call-overload]
        assert answer.choices[0].finish_reason == "length"
        server.log.wait_for("unloaded")
        assert engine not in server.engine_pids()
        client.close()


def test_a_plan_tells_what_would_change_and_changes_nothing(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "planned.yaml"
    profile.write_text("mlxk: 1\nextends: demo\n")
    before = cli("up", str(profile), "--plan")
    assert before.returncode == 0, before.stderr
    assert "no server of planned runs; at 127.0.0.1:8080 it would serve" in before.stdout
    assert "builtin:demo" in before.stdout
    with serve(str(profile), "--set", "server.api_keys=[hunter2]") as server:
        same = cli(
            "up", str(profile), "--set", "server.api_keys=[hunter2]", "--listen", "127.0.0.1:0", "--plan"
        )
        assert "nothing would change" in same.stdout
        assert server.url in same.stdout
        arguments = (
            "--set",
            "sampling.top_p=0.5",
            "--set",
            "engine.concurrency=2",
            "--listen",
            "127.0.0.1:9",
        )
        changed = cli("up", str(profile), *arguments, "--plan", "--json")
        (found,) = json.loads(changed.stdout)["servers"]
        effects = {item["key"]: item["effect"] for item in found["changes"]}
        assert effects == {
            "sampling.top_p": "live",
            "engine.concurrency": "reload",
            "server.listen": "restart",
            "server.api_keys": "live",
        }
        assert "hunter2" not in changed.stdout
        assert server.stop() == 0
    assert "no server of planned runs" in cli("up", str(profile), "--plan").stdout


def test_json_needs_a_plan(cli: Cli) -> None:
    done = cli("up", "demo", "--json")
    assert done.returncode == 2
    assert "--log-format json" in done.stderr


def test_an_operator_reloads_loads_and_unloads(serve: Serve, tmp_path: Path) -> None:
    profile = tmp_path / "run.yaml"
    text = "mlxk: 1\nextends: demo\nserver: {admin_keys: [{name: ops, key: opener}]}\n"
    profile.write_text(text)
    key = {"authorization": "Bearer opener"}
    with serve(str(profile), "--isolated") as server, httpx.Client(base_url=server.url, timeout=60) as client:
        assert client.get("/admin/ps").status_code == 401
        (model,) = client.get("/admin/ps", headers=key).json()["models"]
        assert (model["name"], model["state"]) == ("run", "ready")
        assert model["bytes"] > 1_000_000

        assert client.post("/admin/unload", json={"model": "run"}, headers=key).json()["state"] == "asleep"
        assert server.engine_pids() == []
        assert client.post("/admin/load", json={}, headers=key).json()["state"] == "ready"

        profile.write_text(text + "reasoning: {expose: drop}\n")
        changed = client.post("/admin/reload", headers=key).json()["changes"]
        # The server may have seen the edit by itself.
        assert changed in ([], [CHANGE])
        profile.write_text(text + "reasoning: {expse: drop}\n")
        refused = client.post("/admin/reload", headers=key)
        assert refused.status_code == 422
        assert "did you mean `expose`?" in refused.json()["error"]["message"]
        assert "opener" not in refused.text
        assert "reasoning" not in client.post(CHAT, json=HELLO).json()["choices"][0]["message"]


def test_a_reload_that_is_asked_for_too_early_waits(environment: dict[str, str], home: Path) -> None:
    """The line with the files is said before anything is loaded."""
    process = subprocess.Popen(
        [*MLXK, "up", "demo", "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
        start_new_session=True,
    )
    log = Log(process)
    log.wait_for("files:")
    process.send_signal(signal.SIGHUP)
    log.wait_for("the configuration is what it was")
    assert any("mlxk serves demo" in line for line in log.lines)
    process.terminate()
    assert process.wait(60) == 0
    log.thread.join(60)


def _at_its_terminal() -> None:
    """As a shell in a terminal starts a program, even where the tests themselves run under `nohup`."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_a_terminal_that_closes_ends_the_server(environment: dict[str, str], home: Path) -> None:
    """SIGHUP without a terminal, as `kill -HUP` sends it, reloads; from one that is gone, it ends."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*MLXK, "up", "demo", "--listen", "127.0.0.1:0"],
        stdin=slave,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
        start_new_session=True,
        preexec_fn=_at_its_terminal,
    )
    os.close(slave)
    log = Log(process)
    log.wait_for("mlxk serves demo")
    process.send_signal(signal.SIGHUP)
    log.wait_for("the configuration is what it was")
    os.close(master)
    assert process.wait(60) == 0
    log.thread.join(60)
