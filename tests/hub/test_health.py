"""Every way in which a model on disk is not whole, each with its verdict; and that a whole one is healthy."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlxk.hub import facts, health, preflight
from mlxk.hub.cache import cached_models
from mlxk.hub.health import Finding, verdict
from mlxk.hub.pull import pull
from tests.hub.loopback import Hub
from tests.hub.test_facts import write_safetensors

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path, qwen3_path: Path) -> Path:
    return Path(shutil.copytree(qwen3_path, tmp_path / "model"))


def shards(folder: Path) -> None:
    """The same folder with two shards and an index."""
    (folder / WEIGHTS).unlink()
    for number, tensor in enumerate("ab", 1):
        write_safetensors(folder / f"model-{number:05}-of-00002.safetensors", {tensor: b"1234"})
    names = {tensor: f"model-{number:05}-of-00002.safetensors" for number, tensor in enumerate("ab", 1)}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": names}))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def misplace(folder: Path) -> None:
    shards(folder)
    write_safetensors(folder / "model-00002-of-00002.safetensors", {"c": b"1234"})


def lose_a_shard(folder: Path, *, index: bool) -> None:
    shards(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    if not index:
        (folder / f"{WEIGHTS}.index.json").unlink()


def foreign(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "model.gguf")


DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "cut weights": (lambda folder: cut(folder / WEIGHTS), "corrupt", "truncated"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "incomplete", "no weights"),
    "a shard less": (lambda folder: lose_a_shard(folder, index=True), "incomplete", "1 of 2 weight files"),
    "no index": (lambda folder: lose_a_shard(folder, index=False), "incomplete", "1 of 2 weight files"),
    "misplaced": (misplace, "corrupt", "not where the index says, such as b"),
    "gguf": (foreign, "unsupported", "no weights"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "incomplete", "no config.json"),
    "cut config": (lambda folder: cut(folder / "config.json"), "corrupt", "config.json cannot be read"),
    "cut template": (
        lambda folder: cut(folder / "tokenizer_config.json"),
        "corrupt",
        "tokenizer_config.json cannot be read",
    ),
    "cut tokenizer": (lambda folder: cut(folder / "tokenizer.json"), "corrupt", "tokenizer.json cannot be"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "incomplete", "no tokenizer"),
    "bert": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "bert"}'),
        "unsupported",
        "the type bert",
    ),
    "own code": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "qwen3", "model_file": "x.py"}'),
        "unsupported",
        "code of its own",
    ),
    "no language model": (
        lambda folder: (folder / "config.json").write_text("{}"),
        "unsupported",
        "no language model",
    ),
}


def check(folder: Path, *, deep: bool = False) -> list[Finding]:
    return health.check(folder, "mine", model_types={"qwen3"}, deep=deep)


def test_a_whole_model_is_healthy(folder: Path) -> None:
    assert check(folder, deep=True) == []
    assert verdict([]) == "healthy"
    shards(folder)
    assert check(folder) == []


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_and_named(folder: Path, name: str) -> None:
    damage, kind, message = DAMAGE[name]
    damage(folder)
    findings = check(folder)
    assert verdict(findings) == kind
    assert any(message in item.message for item in findings), findings


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    cut(folder / WEIGHTS)
    (folder / "tokenizer.json").unlink()
    assert {item.verdict for item in check(folder)} == {"corrupt", "incomplete"}


@pytest.fixture
def pulled(hub: Hub, cache: Path, qwen3_path: Path) -> Path:
    hub.add("org/tiny", qwen3_path)
    return pull(preflight.check("org/tiny", None, model_types={"qwen3"}))


def check_cached() -> list[Finding]:
    (model,) = cached_models()
    return health.check(model.path, model.repo, snapshot=model.snapshot)


def test_a_snapshot_is_held_against_its_listing(pulled: Path) -> None:
    assert check_cached() == []
    (pulled / "chat_template.jinja").unlink()
    assert [(item.verdict, item.message) for item in check_cached()] == [
        ("incomplete", "chat_template.jinja is missing")
    ]


def test_a_small_file_of_another_size(pulled: Path) -> None:
    file = pulled / "chat_template.jinja"
    blob = file.parent / os.readlink(file)
    blob.write_bytes(blob.read_bytes() + b" ")
    assert verdict(check_cached()) == "corrupt"


def test_deep_finds_changed_content(pulled: Path) -> None:
    file = pulled / WEIGHTS
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    (file.parent / os.readlink(file)).write_bytes(data)
    assert check_cached() == []
    (model,) = cached_models()
    read: list[int] = []
    findings = health.check(model.path, "tiny", deep=True, progress=read.append)
    assert [item.message for item in findings] == ["model.safetensors has other content than on the hub"]
    assert sum(read) == health.hashed_bytes(model.path)


def test_a_download_that_did_not_end_without_a_listing(pulled: Path) -> None:
    shutil.rmtree(pulled.parents[1] / "trees")
    assert check_cached() == []
    (pulled.parents[1] / "blobs" / f"{'a' * 64}.12345678.incomplete").write_bytes(b"half")
    assert verdict(check_cached()) == "incomplete"


def test_what_was_read_of_the_weights_is_given_too(folder: Path) -> None:
    """So that nobody reads the same headers again."""
    assert health.examine(folder, "org/name").tensors == facts.read(folder).tensors
    shards(folder)
    cut(folder / "model-00002-of-00002.safetensors")
    seen = health.examine(folder, "org/name")
    assert (set(seen.tensors), verdict(seen.findings)) == ({"a"}, "corrupt")
