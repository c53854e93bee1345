"""What is in the cache, and what removing a revision takes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.errors import ModelError, ModelUnavailable
from mlxk.hub import preflight
from mlxk.hub.cache import cached_models, removal
from mlxk.hub.pull import pull
from tests.hub.loopback import Hub, Repo

WEIGHTS = "model.safetensors"


@pytest.fixture
def twice(hub: Hub, cache: Path, qwen3_path: Path) -> Repo:
    """A model in two revisions that share their weights."""
    repo = hub.add("org/tiny", qwen3_path)
    repo.tags["v1"] = repo.commit
    fetch("org/tiny", "v1")
    repo.change(**{"README.md": b"# New"})
    fetch("org/tiny")
    return repo


def fetch(name: str, revision: str | None = None) -> Path:
    return pull(preflight.check(name, revision, model_types={"qwen3"}))


def test_an_empty_cache(hub: Hub, cache: Path) -> None:
    assert cached_models() == []
    with pytest.raises(ModelUnavailable, match="org/tiny is not in the cache"):
        removal("org/tiny")


def test_every_revision_is_listed(twice: Repo) -> None:
    main, tagged = cached_models()
    assert (main.reference, main.refs, main.commit) == ("org/tiny", ("main",), twice.commit)
    assert (tagged.reference, tagged.refs) == ("org/tiny@v1", ("v1",))
    assert main.size == sum(map(len, twice.files.values()))
    assert main.partial == 0


def test_removing_a_revision_keeps_what_another_shares(twice: Repo, cache: Path) -> None:
    plan = removal("org/tiny@main")
    assert plan.freed == len(b"# New")
    plan.execute()
    (left,) = cached_models()
    assert left.refs == ("v1",)
    assert (left.path / WEIGHTS).stat().st_size == len(twice.files[WEIGHTS])


def test_removing_a_model_removes_all_of_it(twice: Repo, cache: Path) -> None:
    leftover = cache / "models--org--tiny" / "blobs" / f"{'a' * 64}.12345678.incomplete"
    leftover.write_bytes(bytes(50))
    plan = removal("tiny")
    assert len(plan.models) == 2
    assert plan.freed == sum(map(len, twice.files.values())) + 50
    plan.execute()
    assert cached_models() == []
    assert not (cache / "models--org--tiny").exists()


def test_a_revision_by_the_beginning_of_its_commit(twice: Repo) -> None:
    assert [model.commit for model in removal(f"tiny@{twice.commit[:8]}").models] == [twice.commit]
    with pytest.raises(ModelUnavailable, match="is not in the cache") as caught:
        removal("org/tiny@v9")
    assert "org/tiny@v1" in (caught.value.hint or "")


def test_an_ambiguous_name_removes_nothing(twice: Repo, hub: Hub, qwen3_path: Path) -> None:
    hub.add("other/tiny", qwen3_path)
    fetch("other/tiny")
    with pytest.raises(ModelError, match="may mean org/tiny, other/tiny"):
        removal("tiny")


def test_a_download_of_which_nothing_is_whole(hub: Hub, cache: Path) -> None:
    blobs = cache / "models--org--big" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.12345678.incomplete").write_bytes(bytes(70))
    (model,) = cached_models()
    assert (model.reference, model.size, model.partial) == ("org/big", 70, 70)
    plan = removal("big")
    assert plan.freed == 70
    plan.execute()
    assert not blobs.parent.exists()
