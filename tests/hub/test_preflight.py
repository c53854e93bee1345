"""What is known before the first byte of weights: sizes, access, whether mlx-lm could load it."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path

import pytest

from mlxk.errors import AccessDenied, HubUnreachable, InsufficientDisk, ModelUnavailable
from mlxk.hub import preflight
from mlxk.hub.preflight import Preflight
from tests.hub.loopback import TOKEN, Hub

TYPES = frozenset({"qwen3", "llama"})
CONFIG = json.dumps({"model_type": "qwen3"}).encode()


def check(name: str = "org/tiny", revision: str | None = None) -> Preflight:
    return preflight.check(name, revision, model_types=TYPES)


def test_sizes_of_the_files_that_are_needed(hub: Hub, cache: Path) -> None:
    files = {"config.json": CONFIG, "model.safetensors": bytes(5000), "tokenizer.json": b"{}"}
    repo = hub.add("org/tiny", {**files, "model.gguf": bytes(9), "picture.png": bytes(8)})
    found = check()
    assert found.commit == repo.commit
    assert {file.path: file.size for file in found.files} == {name: len(data) for name, data in files.items()}
    assert (found.weights_bytes, found.here, found.objection) == (5000, False, None)
    assert found.download_bytes == found.total_bytes == 5000 + len(CONFIG) + 2
    assert found.config == {"model_type": "qwen3"}
    assert hub.asked("GET", "model.safetensors") == 0
    assert not cache.exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"model.gguf": b"", "config.json": CONFIG}, "GGUF files only"),
        ({"pytorch_model.bin": b"", "config.json": CONFIG}, "PyTorch weights only"),
        ({"adapter_model.safetensors": b""}, "an adapter only"),
        ({"consolidated.safetensors": b"", "config.json": CONFIG}, "under other names only"),
        ({"README.md": b""}, "no weights"),
        ({"model.safetensors": b""}, "is no language model"),
        ({"model.safetensors": b"", "config.json": b"{}"}, "is no language model"),
        ({"model.safetensors": b"", "config.json": b'{"model_type": "bert"}'}, "of the type bert"),
        (
            {"model.safetensors": b"", "config.json": b'{"model_type": "qwen3", "model_file": "m.py"}'},
            "Python code of its own",
        ),
    ],
)
def test_what_mlx_cannot_load_is_told(hub: Hub, cache: Path, files: dict[str, bytes], message: str) -> None:
    hub.add("org/tiny", files)
    objection = check().objection
    assert objection is not None
    assert message in str(objection)
    assert objection.hint


def test_conversions_of_the_community_are_suggested(hub: Hub, cache: Path) -> None:
    hub.add("someone/Big-7B-GGUF", {"model.gguf": b""})
    hub.add("mlx-community/Big-7B-4bit", {})
    objection = check("someone/Big-7B-GGUF").objection
    assert objection is not None
    assert "mlx-community/Big-7B-4bit" in (objection.hint or "")


def test_a_search_that_fails_suggests_nothing(hub: Hub, cache: Path) -> None:
    hub.add("org/tiny", {"model.gguf": b""})
    hub.fault("/api/models?", status=400)
    objection = check().objection
    assert objection is not None
    assert "(" not in (objection.hint or "")


def test_missing_private_and_the_token(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/secret", {"config.json": CONFIG, "model.safetensors": b""}, private=True)
    for name in ("org/missing", "org/secret"):
        with pytest.raises(ModelUnavailable, match=f"there is no model {name}") as caught:
            check(name)
        assert "hf auth login" in (caught.value.hint or "")
    monkeypatch.setenv("HF_TOKEN", "nonsense")
    with pytest.raises(AccessDenied, match="does not accept your token"):
        check("org/secret")
    monkeypatch.setenv("HF_TOKEN", "hf_stranger")
    with pytest.raises(ModelUnavailable, match="there is no model org/secret"):
        check("org/secret")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert check("org/secret").objection is None


def test_a_gated_model_without_config_is_refused_too(hub: Hub, cache: Path) -> None:
    hub.add("org/tiny", {"model.gguf": b""}, gated=True)
    with pytest.raises(AccessDenied, match="is gated"):
        check()


def test_offline(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/tiny", {})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachable, match="offline"):
        check()
    assert hub.requests == []


def test_no_hub_at_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        check()


def test_a_slow_hub_is_given_up_on(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    hub.add("org/tiny", {})
    hub.fault("/api/models", cut=0, hold=threading.Event())
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", 0.2)
    with pytest.raises(HubUnreachable, match="does not answer in time"):
        check()


def test_a_disk_that_is_too_small(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/tiny", {"config.json": CONFIG, "model.safetensors": bytes(5000)})
    found = check()
    preflight.require_disk([found])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10, 8, 4000))
    with pytest.raises(InsufficientDisk, match=r"org/tiny: 5\.0 kB more are needed on disk, and 4"):
        preflight.require_disk([found])


@pytest.mark.parametrize("revision", ["../x", "v1/../../x", "/etc/x", ".."])
def test_a_revision_leads_nowhere_else_on_this_machine(hub: Hub, cache: Path, revision: str) -> None:
    with pytest.raises(ModelUnavailable, match="no name of a revision"):
        check("org/tiny", revision)
    assert hub.requests == []
