"""Fetching over real HTTP from a hub with faults: cut off, wrong content, refused, busy; what is kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlxk.errors import AccessDenied, HubUnreachable, Interrupted, ModelError, ModelUnavailable
from mlxk.hub import facts, preflight, references
from mlxk.hub.pull import pull, sweep
from tests.hub.loopback import TOKEN, Hub

TYPES = frozenset({"qwen3"})
WEIGHTS = "model.safetensors"


def fetch(name: str = "org/tiny", revision: str | None = None) -> Path:
    return pull(preflight.check(name, revision, model_types=TYPES))


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*.incomplete")]


def test_a_pulled_model_is_found_and_whole(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    repo.files |= {"pytorch_model.bin": b"x" * 100, "README.md": b"# Tiny"}
    folder = fetch()
    assert folder == references.locate("org/tiny") == references.locate("tiny")
    assert folder.name == repo.commit
    assert facts.read(folder).weights_bytes == len(repo.files[WEIGHTS])
    assert {path.name for path in folder.iterdir()} == set(repo.files) - {"pytorch_model.bin"}
    assert leftovers(cache) == []


def test_who_listens_hears_how_far_it_is(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    found = preflight.check("org/tiny", None, model_types=TYPES)
    fault = hub.fault(WEIGHTS, cut=1000, hold=threading.Event(), whole=True)
    heard: list[dict[str, int]] = []

    def listen(said: Mapping[str, Any]) -> None:
        heard.append(dict(said))
        # All but the weights is here, and nothing more comes.
        if fault.reached.is_set() and found.download_bytes - said["fetched"] <= len(repo.files[WEIGHTS]):
            fault.hold.set()

    assert fault.hold is not None
    assert pull(found, listen).name == repo.commit
    counts = [said["fetched"] for said in heard]
    assert counts == sorted(counts)
    assert 0 < counts[-1] <= found.download_bytes
    assert set(heard[0]) == {"fetched", "checked"}


def test_a_listener_that_wants_no_more_ends_it(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    hub.add("org/tiny", qwen3_path)
    fault = hub.fault(WEIGHTS, cut=1000, hold=threading.Event(), whole=True)

    def listen(said: Mapping[str, Any]) -> None:
        if fault.reached.is_set():
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        pull(preflight.check("org/tiny", None, model_types=TYPES), listen)
    assert leftovers(cache) == []


def test_what_is_here_is_not_fetched_again(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    hub.add("org/tiny", qwen3_path)
    fetch()
    asked = hub.asked("GET", WEIGHTS)
    found = preflight.check("org/tiny", None, model_types=TYPES)
    assert (found.here, found.download_bytes) == (True, 0)
    pull(found)
    assert hub.asked("GET", WEIGHTS) == asked == 1


def test_of_a_new_commit_only_what_changed_is_to_fetch(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    fetch()
    repo.change(**{"README.md": b"changed"})
    found = preflight.check("org/tiny", None, model_types=TYPES)
    assert (found.here, found.download_bytes) == (False, len(b"changed"))
    assert pull(found).name == repo.commit
    assert hub.asked("GET", WEIGHTS) == 1


def test_a_tag_and_a_commit(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    repo.tags["v1"] = first = repo.commit
    repo.change(**{"README.md": b"changed"})
    assert fetch(revision="v1").name == first
    assert references.locate("org/tiny@v1").name == first
    assert fetch().name == repo.commit != first
    assert fetch(revision=first).name == first
    with pytest.raises(ModelUnavailable, match="has no revision v2"):
        fetch(revision="v2")


def test_a_cut_off_file_is_resumed_where_it_was(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    step = 10 << 20
    hub.add(
        "org/tiny", {"config.json": b'{"model_type": "qwen3"}', WEIGHTS: bytes(range(256)) * (step // 200)}
    )
    hub.fault(WEIGHTS, cut=step + 1000)
    assert (fetch() / WEIGHTS).read_bytes() == hub.repos["org/tiny"].files[WEIGHTS]
    ranges = [headers.get("Range") for method, path, headers in hub.requests if path.endswith(WEIGHTS)]
    assert f"bytes={step}-" in ranges


def test_a_failed_pull_leaves_the_old_model_in_its_place(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    old = fetch()
    repo.change(**{WEIGHTS: repo.files[WEIGHTS] + b"more", "README.md": b"new"})
    hub.fault(WEIGHTS, times=9, status=403)
    with pytest.raises(AccessDenied):
        fetch()
    assert references.locate("org/tiny") == old
    hub.faults.clear()
    assert fetch().name == repo.commit


def test_wrong_content_is_removed_and_told(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    hub.fault(WEIGHTS, body=bytes(len(repo.files[WEIGHTS])))
    with pytest.raises(ModelError, match=r"model\.safetensors came with the wrong content") as caught:
        fetch()
    assert caught.value.hint
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        references.locate("org/tiny")
    assert facts.read(fetch()).weights_bytes == len(repo.files[WEIGHTS])


def test_content_of_the_wrong_length_is_refused(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    hub.add("org/tiny", qwen3_path)
    hub.fault(WEIGHTS, body=b"short")
    with pytest.raises(ModelError, match="Consistency check failed"):
        fetch()
    assert leftovers(cache) == []


def test_a_busy_hub_is_asked_again_when_it_says(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    hub.add("org/tiny", qwen3_path)
    hub.fault(WEIGHTS, status=429, headers={"Retry-After": "0"})
    assert fetch().is_dir()
    assert hub.asked("GET", WEIGHTS) == 2


def test_gated_without_access(
    hub: Hub, cache: Path, qwen3_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("org/tiny", qwen3_path, gated=True)
    with pytest.raises(AccessDenied, match="org/tiny is gated") as caught:
        fetch()
    assert f"{hub.url}/org/tiny" in (caught.value.hint or "")
    assert "hf auth login" in (caught.value.hint or "")
    monkeypatch.setenv("HF_TOKEN", "hf_stranger")
    with pytest.raises(AccessDenied, match="your account has no access") as caught:
        fetch()
    assert "hf_stranger" not in f"{caught.value} {caught.value.hint}"
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetch().is_dir()


def test_a_leftover_of_a_dead_process_is_swept(hub: Hub, cache: Path, qwen3_path: Path) -> None:
    hub.add("org/tiny", qwen3_path)
    fetch()
    blobs = cache / "models--org--tiny" / "blobs"
    dead, busy = blobs / f"{'a' * 64}.12345678.incomplete", blobs / f"{'b' * 64}.12345678.incomplete"
    dead.write_bytes(b"half")
    busy.write_bytes(b"half")
    from filelock import FileLock

    with FileLock(cache / ".locks" / "models--org--tiny" / f"{'b' * 64}.lock"):
        sweep("org/tiny")
        assert leftovers(cache) == [busy.name]
    sweep("org/tiny")
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, HubUnreachable, "refuses more requests"),
        ({"status": 503}, HubUnreachable, "out of order"),
        ({"status": 418}, ModelError, "refused a request"),
    ],
)
def test_a_hub_that_does_not_answer_for_now(
    hub: Hub, cache: Path, fault: dict[str, object], kind: type[ModelError], message: str
) -> None:
    hub.add("org/tiny", {})
    hub.fault("/api/models/org/tiny", **fault)
    with pytest.raises(kind, match=message):
        fetch()
