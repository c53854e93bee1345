"""`mlxk pull -p`: what a profile names of the hub; and pulls while the hub is away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxk.cli import main
from mlxk.hub import references
from tests.hub.loopback import Hub

Captured = pytest.CaptureFixture[str]
WEIGHTS = "model.safetensors"


@pytest.fixture
def work(hub: Hub, cache: Path, tmp_path: Path, qwen3_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a profile that names three repositories of a hub."""
    for name in ("main", "small", "words"):
        hub.add(f"org/{name}", qwen3_path)
    (tmp_path / "mlxk.yaml").write_text("mlxk: 1\n")
    (tmp_path / "p.yaml").write_text(
        "mlxk: 1\nmodel: {repo: org/main, draft: {repo: org/small}, tokenizer: org/words}\n"
        "variants: {warm: {sampling: {temperature: 1}}}\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_that_a_profile_names_is_fetched(work: Path, hub: Hub, capsys: Captured) -> None:
    assert main(["pull", "-p", "p.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [item["model"] for item in told] == ["org/main", "org/small", "org/words"]
    assert all(item["commit"] == hub.repos[item["model"]].commit for item in told)
    # Of a tokenizer's repository no weights are needed, neither to fetch nor to run.
    assert not Path(told[2]["path"], WEIGHTS).exists()
    assert main(["run", "-p", "p.yaml", "Hi", "--max-tokens", "1", "-q"]) == 0
    assert main(["pull", "-p", "p.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [item["path"] for item in told]


def test_nothing_is_fetched_if_one_of_them_cannot_be(work: Path, hub: Hub, capsys: Captured) -> None:
    hub.repos["org/words"].gated = True
    assert main(["pull", "-p", "p.yaml"]) == 1
    assert "org/words is gated" in capsys.readouterr().err
    assert hub.asked("GET", "tokenizer.json") == 0


def test_several_models_and_none(work: Path, capsys: Captured) -> None:
    (work / "many.yaml").write_text(
        "mlxk: 1\nmodels: {a: {model: org/main}, b: {model: org/small@main}, c: {model: builtin:demo}}\n"
    )
    assert main(["pull", "-p", "many.yaml", "--dry-run", "--json"]) == 0
    assert [item["model"] for item in json.loads(capsys.readouterr().out)] == ["org/main", "org/small@main"]
    assert main(["pull", "-p", "demo"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "demo names nothing of the hub\n")
    assert main(["pull", "-p", "demo", "org/main"]) == 2
    assert main(["pull"]) == 2
    assert main(["pull", "-p", "demo", "--revision", "v1"]) == 2


def test_the_locks_revision_is_fetched(work: Path, hub: Hub, cache: Path, capsys: Captured) -> None:
    locked = hub.repos["org/main"].commit
    assert main(["pull", "-p", "p.yaml"]) == 0
    assert main(["lock", "p.yaml"]) == 0
    hub.repos["org/main"].change(**{"README.md": b"new"})
    assert main(["pull", "org/main"]) == 0
    assert references.locate("org/main").name == hub.repos["org/main"].commit != locked
    assert main(["run", "-p", "p.yaml", "Hi", "--max-tokens", "1", "--locked"]) == 1
    capsys.readouterr()
    assert main(["pull", "-p", "p.yaml"]) == 0
    assert f"snapshots/{locked}" in capsys.readouterr().out.splitlines()[0]
    assert main(["run", "-p", "p.yaml", "Hi", "--max-tokens", "1", "--locked"]) == 0


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"cut": 0}])
def test_what_is_here_is_told_while_the_hub_is_away(
    work: Path, hub: Hub, capsys: Captured, fault: dict[str, int]
) -> None:
    assert main(["pull", "org/main"]) == 0
    folder = capsys.readouterr().out
    hub.fault("/api/models", times=99, **fault)
    assert main(["pull", "org/main"]) == 0
    said = capsys.readouterr()
    assert said.out == folder
    assert said.err.startswith("warning: ")
    assert "org/main is here, and may be older than the hub's" in said.err
    assert main(["pull", "org/main", "--dry-run"]) == 0
    assert "org/main is here: " in capsys.readouterr().out
    assert main(["pull", "org/small"]) == 1
    assert "warning" not in capsys.readouterr().err


def test_offline_a_profile_is_whole_or_not(work: Path, hub: Hub, capsys: Captured) -> None:
    assert main(["pull", "org/main"]) == 0
    hub.requests.clear()
    assert main(["pull", "-p", "p.yaml", "--offline"]) == 1
    assert "`org/small` is not on this machine" in capsys.readouterr().err
    assert hub.requests == []


def test_memory_that_cannot_be_told_is_no_reason_against(work: Path, hub: Hub, capsys: Captured) -> None:
    hub.repos["org/main"].files["config.json"] = b'{"model_type": "qwen3", "num_attention_heads": "many"}'
    assert main(["pull", "org/main", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fits_memory"] is None
