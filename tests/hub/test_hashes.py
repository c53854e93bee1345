"""The three ways in which content is named."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from mlxk.hub import hashes

DATA = b"weights" * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(DATA)
    return tmp_path / "file"


def test_names_of_content(file: Path) -> None:
    done = subprocess.run(["git", "hash-object", str(file)], capture_output=True, text=True, check=True)
    names = (hashlib.sha256(DATA).hexdigest(), hashlib.sha1(DATA).hexdigest(), done.stdout.strip())
    for name in names:
        assert hashes.matches(file, name)
    file.write_bytes(DATA[:-1] + b"!")
    for name in names:
        assert not hashes.matches(file, name)


def test_only_links_to_hashes_tell_what_is_expected(file: Path, tmp_path: Path) -> None:
    assert hashes.expected(file) is None
    for name, known in (("a" * 64, True), ("b" * 40, True), ("c" * 41, False), ("README.md", False)):
        link = tmp_path / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / "blobs" / name)
        assert hashes.expected(link) == (name if known else None)
