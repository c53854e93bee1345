"""Files that the hub keeps in a Xet store: what mlxk promises of a download holds for them too.

huggingface_hub fetches them by hf_xet; the store is hf_xet's own, in a folder.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlxk.errors import AccessDenied, HubUnreachable, MlxkError, ModelError
from mlxk.hub import facts, preflight, references
from mlxk.hub.pull import pull
from tests.hub.loopback import Hub, Repo

WEIGHTS = "model.safetensors"

# In a process of its own: the store lets only one process in.
_STORE = """
import json, sys
from hf_xet import XetSession
store, file = sys.argv[1:]
with XetSession().new_upload_commit(endpoint=store, token="t", token_expiry_unix_secs=9999999999) as commit:
    upload = commit.start_upload_file(file)
print(upload.result().xet_info.hash)
"""


def stored(hub: Hub, file: Path) -> str:
    """Put a file into the hub's store; gives its Xet hash."""
    done = subprocess.run(
        [sys.executable, "-c", _STORE, hub.store, str(file)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repo(hub: Hub, cache: Path, tmp_path: Path, qwen3_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose weights are in a Xet store."""
    monkeypatch.delenv("HF_HUB_DISABLE_XET")
    hub.store = f"local://{tmp_path / 'store'}"
    (tmp_path / "store").mkdir()
    return hub.add("org/tiny", qwen3_path, xet={WEIGHTS: stored(hub, qwen3_path / WEIGHTS)})


def fetch() -> Path:
    return pull(preflight.check("org/tiny", None, model_types={"qwen3"}))


def asked_for_weights(hub: Hub) -> tuple[int, int]:
    """How often the hub was asked for the file, and for a way into the store."""
    return hub.asked("GET", f"/{WEIGHTS}"), hub.asked("GET", "xet-read-token")


def test_weights_come_from_the_store(repo: Repo, hub: Hub) -> None:
    folder = fetch()
    assert asked_for_weights(hub) == (0, 1)
    assert facts.read(folder).weights_bytes == len(repo.files[WEIGHTS])
    assert references.locate("org/tiny") == folder


def test_progress_is_told(repo: Repo, hub: Hub) -> None:
    heard: list[int] = []
    found = preflight.check("org/tiny", None, model_types={"qwen3"})
    pull(found, lambda said: heard.append(said["fetched"]))
    assert all(0 <= count <= found.download_bytes for count in heard)
    assert heard == sorted(heard)


@pytest.mark.parametrize("why", ["switched off", "a hub without a store"])
def test_without_xet_they_come_from_the_hub(
    repo: Repo, hub: Hub, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "switched off":
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    else:
        repo.xet.clear()
    assert (fetch() / WEIGHTS).read_bytes() == repo.files[WEIGHTS]
    assert asked_for_weights(hub) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"status": 403}, AccessDenied), ({"status": 501}, HubUnreachable)],
)
def test_a_way_into_the_store_that_is_refused(
    repo: Repo, hub: Hub, fault: dict[str, int], kind: type[MlxkError]
) -> None:
    hub.fault("xet-read-token", times=99, **fault)
    with pytest.raises(kind) as caught:
        fetch()
    assert caught.value.hint
    with pytest.raises(ModelError):
        references.locate("org/tiny")
    hub.faults.clear()
    assert fetch().is_dir()


def test_wrong_content_is_removed_and_told(repo: Repo, hub: Hub, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(len(repo.files[WEIGHTS])))
    right, repo.xet[WEIGHTS] = repo.xet[WEIGHTS], stored(hub, other)
    with pytest.raises(ModelError, match="came with the wrong content"):
        fetch()
    with pytest.raises(ModelError, match="on this machine"):
        references.locate("org/tiny")
    # Which content a commit's files have is remembered; another commit is asked about.
    repo.xet[WEIGHTS] = right
    repo.change(**{"README.md": b"better"})
    assert (fetch() / WEIGHTS).read_bytes() == repo.files[WEIGHTS]


def test_what_the_store_does_not_give_is_told(
    repo: Repo, hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_MAX_ATTEMPTS", "1")
    hub.store = "http://127.0.0.1:9"
    with pytest.raises(HubUnreachable, match="Xet store did not give org/tiny: ") as caught:
        fetch()
    assert "HF_HUB_DISABLE_XET=1" in (caught.value.hint or "")
    assert list(cache.rglob("*.incomplete")) == []
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    assert fetch().is_dir()
