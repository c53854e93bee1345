"""References: the hub's cache, folders, and what ships with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.errors import ModelUnavailable
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


def test_a_repository_that_is_not_here_says_how_to_get_it(cache: Path) -> None:
    with pytest.raises(ModelUnavailable, match="`org/other` is not on this machine") as caught:
        references.locate("org/other")
    assert caught.value.hint == "download it with: hf download org/other"
    with pytest.raises(ModelUnavailable) as caught:
        references.locate("org/tiny", revision="v2")
    assert caught.value.hint == "download it with: hf download org/tiny --revision v2"


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


def test_built_in_models() -> None:
    assert "demo" in references.builtin_models()
    assert (references.locate("builtin:demo") / "config.json").is_file()
    with pytest.raises(ModelUnavailable, match="no built-in model `other`") as caught:
        references.locate("builtin:other")
    assert "builtin:demo" in (caught.value.hint or "")
