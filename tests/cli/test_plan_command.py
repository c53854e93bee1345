"""`mlxk plan`: tables, figures, verdicts and exit statuses; and what `run` refuses before it loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlxk.cli import main
from tests.models import make_adapter

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(home: Path, monkeypatch: pytest.MonkeyPatch, qwen3_path: Path) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.chdir(home)
    (home / "two.yaml").write_text(
        f"""mlxk: 1
memory: {{budget: 250MB}}
defaults: {{tokens: {{context: 1024}}, engine: {{concurrency: 2, prompt_cache: {{bytes: 4MB}}}}}}
models:
  demo: {{model: "builtin:demo", ttl: never}}
  tiny:
    model: {qwen3_path}
    variants: {{tiny-long: {{tokens: {{max_output: 8}}}}}}
"""
    )
    return home


def planned(capsys: Captured, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(["plan", *arguments])
    return status, capsys.readouterr().out


def as_json(capsys: Captured, *arguments: str) -> tuple[int, dict[str, Any]]:
    status, out = planned(capsys, *arguments, "--json")
    return status, json.loads(out)


def test_one_model(capsys: Captured) -> None:
    status, out = planned(capsys, "-p", "demo")
    assert status == 0
    assert "weights                                 1.3 MB" in out
    assert "KV cache, 8 x 4,096 tokens" in out
    assert out.rstrip().endswith("it fits")


def test_one_model_that_does_not_fit(capsys: Captured) -> None:
    status, out = planned(capsys, "builtin:demo", "--set", "memory.budget=100MB")
    assert status == 1
    assert "the profile's budget is 100 MB" in out
    assert "it does not fit; it would with one of:" in out
    assert 'engine.prompt_cache.bytes: "0"' in out


def test_several_models(capsys: Captured) -> None:
    status, out = planned(capsys, "-p", "two.yaml")
    assert status == 0
    assert "tiny-long  in the memory of tiny" in out
    assert ", which fits" in out
    status, found = as_json(capsys, "-p", "two.yaml")
    demo, tiny, variant = found["models"]
    assert found["limit"] == 250_000_000
    assert found["total"] == demo["most"] + tiny["most"] == demo["counted"] + tiny["counted"]
    assert (variant["shares"], variant["counted"]) == ("tiny", 0)


@pytest.mark.parametrize(
    ("budget", "status", "said"),
    [
        ("170MB", 1, "which does not fit"),  # demo never leaves, and beside it there is no room for tiny
        ("80MB", 1, "demo does not fit"),
    ],
)
def test_what_stays_takes_room(budget: str, status: int, said: str, capsys: Captured) -> None:
    found, out = planned(capsys, "-p", "two.yaml", "--set", f"memory.budget={budget}")
    assert found == status
    assert said in out


def test_what_an_entry_builds_on_counts_too(work: Path, capsys: Captured) -> None:
    (work / "base.yaml").write_text("mlxk: 1\nmodel: builtin:demo\nttl: never\n")
    profile = work / "two.yaml"
    profile.write_text(
        profile.read_text().replace('demo: {model: "builtin:demo", ttl: never}', "demo: {extends: base}")
    )
    status, out = planned(capsys, "-p", "two.yaml", "--set", "memory.budget=170MB")
    assert status == 1
    assert "which does not fit" in out


def test_places_that_are_taken_for_good(capsys: Captured) -> None:
    status, out = planned(capsys, "-p", "two.yaml", "--set", "memory.max_models=1")
    assert status == 1
    assert "which does not fit" in out


def test_adapters_over_one_model_are_one_engine(work: Path, qwen3_path: Path, capsys: Captured) -> None:
    for name in ("one", "other"):
        make_adapter(work / name, qwen3_path)
    (work / "adapted.yaml").write_text(
        f"mlxk: 1\nmodels:\n  one: {{model: {{path: {qwen3_path}, adapter: ./one}}}}\n"
        f"  other: {{model: {{path: {qwen3_path}, adapter: ./other}}, ttl: never}}\n"
    )
    status, found = as_json(capsys, "-p", "adapted.yaml")
    one, other = found["models"]
    assert (status, one["shares"], other["shares"], other["counted"]) == (0, None, "one", 0)
    assert found["total"] == one["counted"]


def test_models_that_take_turns(work: Path, capsys: Captured) -> None:
    profile = work / "two.yaml"
    profile.write_text(profile.read_text().replace(", ttl: never", ""))
    status, out = planned(capsys, "-p", "two.yaml", "--set", "memory.budget=170MB")
    assert status == 0
    assert "what was unused for longest leaves when another is asked" in out


def test_a_model_that_is_not_here(work: Path, capsys: Captured) -> None:
    with (work / "two.yaml").open("a") as file:
        file.write("  away: {model: some/where}\n")
    status, out = planned(capsys, "-p", "two.yaml")
    assert status == 0
    assert "away       not on this machine: download it" in out
    assert main(["plan", "some/where"]) == 1
    assert "not on this machine" in capsys.readouterr().err
    assert main(["plan"]) == 2


def test_run_refuses_before_it_loads(capsys: Captured) -> None:
    assert main(["run", "-p", "demo", "--set", "memory.budget=50MB", "Hi"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "demo needs" in said.err
    assert "there is 50.0 MB: weights 1.3 MB" in said.err
    assert "hint: " in said.err


@pytest.mark.parametrize("budget", ["much", "0%", "101%", "5 GB"])
def test_budgets_that_are_none(budget: str, capsys: Captured) -> None:
    assert main(["plan", "-p", "demo", "--set", f"memory.budget={budget}"]) == 1
    assert "such as 24GB or 75%" in capsys.readouterr().err
