"""References: the hub's cache, folders, and what ships with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxk.errors import ModelError, ModelUnavailable
from mlxk.hub import references

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face cache as its library lays it out, with one repository at `main`."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repo = tmp_path / "models--org--tiny"
    snapshot = repo / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    (snapshot / "config.json").write_text("{}")
    return snapshot


def test_a_cached_repository_is_found(cache: Path) -> None:
    assert references.locate("org/tiny") == cache
    assert references.locate("org/tiny", revision=COMMIT) == cache
    assert references.locate(f"org/tiny@{COMMIT}") == cache


def cached(root: Path, *repos: str) -> None:
    for repo in repos:
        (root / f"models--{repo.replace('/', '--')}" / "snapshots").mkdir(parents=True)


def test_a_short_name_means_the_model_in_the_cache(cache: Path) -> None:
    assert references.locate("tiny") == cache
    assert references.locate("TIN") == cache
    assert references.locate(f"tiny@{COMMIT}") == cache
    assert references.canonical("tiny@main") == "org/tiny@main"
    assert references.canonical("org/other") == "org/other"
    assert references.canonical("builtin:demo") == "builtin:demo"


def test_a_whole_name_wins_over_a_part_of_one(cache: Path) -> None:
    cached(cache.parents[2], "org/tiny-instruct")
    assert references.full_name("tiny") == "org/tiny"
    assert references.full_name("instruct") == "org/tiny-instruct"


def test_an_ambiguous_name_lists_the_candidates(cache: Path) -> None:
    cached(cache.parents[2], "other/Tiny")
    with pytest.raises(ModelError, match=r"`tiny` may mean org/tiny, other/Tiny") as caught:
        references.locate("tiny")
    assert caught.value.hint == "write the whole name"


def test_a_short_name_of_nothing(cache: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model on this machine is called so"):
        references.locate("huge")


def test_a_half_downloaded_snapshot_is_not_found(cache: Path) -> None:
    listing = {"config.json": 2, "model.safetensors": 10, "docs/picture.png": 3}
    files = {name: {"size": size, "blob_id": "0" * 40} for name, size in listing.items()}
    trees = cache.parents[1] / "trees"
    trees.mkdir()
    (trees / f"{COMMIT}.json").write_text(json.dumps({"format_version": 1, "files": files}))
    with pytest.raises(ModelUnavailable, match="only a part of org/tiny is on this machine") as caught:
        references.locate("org/tiny")
    assert caught.value.hint == "get the rest: mlxk pull org/tiny"
    (cache / "model.safetensors").write_bytes(bytes(10))
    assert references.locate("org/tiny") == cache


def test_a_repository_that_is_not_here_says_how_to_get_it(cache: Path) -> None:
    with pytest.raises(ModelUnavailable, match="`org/other` is not on this machine") as caught:
        references.locate("org/other")
    assert caught.value.hint == "download it: mlxk pull org/other"
    with pytest.raises(ModelUnavailable) as caught:
        references.locate("org/tiny", revision="v2")
    assert caught.value.hint == "download it: mlxk pull org/tiny@v2"


def test_a_name_that_is_no_repository(cache: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not a Hub repository name"):
        references.locate("org/a--b")


def test_a_folder(tmp_path: Path) -> None:
    assert references.locate(str(tmp_path)) == tmp_path.resolve()
    with pytest.raises(ModelUnavailable, match="no model folder"):
        references.locate(str(tmp_path / "missing"))
    (tmp_path / "file").touch()
    with pytest.raises(ModelUnavailable, match="is a file"):
        references.locate(str(tmp_path / "file"))


def test_a_relative_folder_that_looks_like_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert references.locate("models/mine") == tmp_path / "models" / "mine"
    (tmp_path / "models" / "file").touch()
    with pytest.raises(ModelUnavailable, match="is a file"):
        references.locate("models/file")


def test_built_in_models() -> None:
    assert "demo" in references.builtin_models()
    assert (references.locate("builtin:demo") / "config.json").is_file()
    with pytest.raises(ModelUnavailable, match="no built-in model `other`") as caught:
        references.locate("builtin:other")
    assert "builtin:demo" in (caught.value.hint or "")
