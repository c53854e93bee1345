"""Adapters, draft models, quantised caches and isolation, as a user of command and server has them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Cli, Serve
from tests.models import make_adapter, make_qwen3

QUESTION = "Hello, who are you?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with wide heads, two adapters over it, and profiles that use them."""
    path = tmp_path_factory.mktemp("keys")
    model = make_qwen3(path / "model", hidden=128)
    make_adapter(path / "lora", model)
    make_adapter(path / "dora", model, kind="dora", seed=3)
    (path / "one.yaml").write_text(
        "mlxk: 1\nmodel: {path: ./model, adapter: ./lora}\n"
        "sampling: {temperature: 0}\ntokens: {max_output: 20}\n"
        "variants: {plain: {model: {adapter: null}}}\n"
    )
    (path / "many.yaml").write_text(
        """\
mlxk: 1
defaults: {sampling: {temperature: 0}, tokens: {max_output: 20}}
models:
  plain:
    model: ./model
    preload: true
    variants:
      lora: {model: {adapter: ./lora}}
      dora: {model: {adapter: ./dora}}
  drafted: {model: {path: ./model, draft: {path: ./model}}}
  inside: {model: ./model, engine: {isolation: thread, kv_bits: 8, kv_group_size: 32}}
"""
    )
    return path


Ask = Callable[[str], str]


def asker(url: str) -> Ask:
    def ask(model: str) -> str:
        body = {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        message = answer.json()["choices"][0]["message"]
        return (message.get("reasoning_content") or "") + message["content"]

    return ask


def test_adapters_share_a_process_and_a_batch(serve: Serve, folder: Path) -> None:
    names = ["plain", "lora", "dora", "lora", "plain", "dora"]
    with serve(str(folder / "many.yaml")) as server:
        ask = asker(server.url)
        alone = {name: ask(name) for name in ("plain", "lora", "dora")}
        assert len(set(alone.values())) == 3
        with ThreadPoolExecutor(len(names)) as pool:
            assert list(pool.map(ask, names)) == [alone[name] for name in names]
        assert len(server.engine_pids()) == 1
        assert ask("drafted") == alone["plain"]
        assert len(server.engine_pids()) == 2
        assert ask("inside")
        assert len(server.engine_pids()) == 2
        states = {item["name"]: item["state"] for item in httpx.get(f"{server.url}/health").json()["models"]}
        assert set(states.values()) == {"ready"}
        assert server.stop() == 0


def test_run_takes_the_adapter_of_the_variant(cli: Cli, folder: Path) -> None:
    profile = str(folder / "one.yaml")
    adapted = cli("run", "-p", profile, QUESTION)
    plain = cli("run", "-p", profile, "--variant", "plain", QUESTION)
    apart = cli("run", "-p", profile, "--set", "engine.isolation=process", QUESTION)
    assert (adapted.returncode, plain.returncode) == (0, 0), adapted.stderr + plain.stderr
    assert adapted.stdout != plain.stdout
    assert apart.stdout == adapted.stdout


def test_chat_guesses_ahead(cli: Cli, folder: Path) -> None:
    profile = str(folder / "one.yaml")
    without = cli("chat", "-p", profile, stdin=f"{QUESTION}\nAnd more?\n")
    drafted = cli(
        "chat",
        "-p",
        profile,
        "--set",
        f"model.draft.path={folder / 'model'}",
        stdin=f"{QUESTION}\nAnd more?\n",
    )
    assert without.returncode == 0, without.stderr
    assert drafted.stdout == without.stdout


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("model.adapter={folder}/model", "the folder has no adapter_config.json"),
        ("engine.kv_bits=8", "model cannot use engine.kv_bits"),
    ],
)
def test_what_cannot_be_is_an_error_with_a_hint(cli: Cli, folder: Path, setting: str, words: str) -> None:
    done = cli("run", "-p", str(folder / "one.yaml"), "--set", setting.format(folder=folder), QUESTION)
    assert done.returncode == 1
    assert words in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_restarted_server_knows_its_prompts(serve: Serve, tmp_path: Path) -> None:
    profile = tmp_path / "kept.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nengine: {prompt_cache: {path: ./cache}}\n")

    def ask(url: str) -> tuple[str, int, int]:
        system = {"role": "system", "content": "You are a pirate. Answer in one short sentence. " * 5}
        body = {"model": "kept", "messages": [system, {"role": "user", "content": "Why is the sky blue?"}]}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).json()
        usage = answer["usage"]
        cached = (usage["prompt_tokens_details"] or {})["cached_tokens"]
        return answer["choices"][0]["message"]["content"], usage["prompt_tokens"], cached

    answers = []
    for _ in range(2):
        with serve(str(profile)) as server:
            answers.append(ask(server.url))
            assert server.stop() == 0
    (first, prompt, none), (second, same, cached) = answers
    assert (first, prompt, none) == (second, same, 0)
    assert prompt - 3 <= cached < prompt
    assert [file.stat().st_mode & 0o777 for file in (tmp_path / "cache").iterdir()] == [0o600]
