"""A copy is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.errors import InsufficientDisk, UsageError
from mlxk.hub import workspace


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "extra").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "extra" / "one.jinja").write_bytes(bytes(1000))
    (tmp_path / "blob").write_bytes(bytes(500))
    (folder / "linked").symlink_to(tmp_path / "blob")
    (folder / ".hidden").write_text("stays")
    return folder


def test_links_become_files_and_hidden_ones_stay(source: Path, tmp_path: Path) -> None:
    done: list[int] = []
    workspace.clone(source, tmp_path / "new" / "copy", done.append)
    copy = tmp_path / "new" / "copy"
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert files == {"config.json", "extra/one.jinja", "linked"}
    assert not (copy / "linked").is_symlink()
    assert sum(done) == 1502


def test_a_stopped_copy_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.clone(source, tmp_path / "new" / "copy", stop)
    assert list((tmp_path / "new").iterdir()) == []


def test_what_is_there_is_not_touched(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        workspace.clone(source, tmp_path / "copy", print)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        workspace.clone(source, tmp_path / "file" / "copy", print)


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(InsufficientDisk, match="would take 1000000 TB"):
        workspace.require_room(tmp_path / "a" / "b", 10**18)
