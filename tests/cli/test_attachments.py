"""Files that go with a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.cli.attachments import attachment, with_files
from mlxk.errors import UsageError


def test_a_file_stands_before_the_prompt_under_its_name(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("print(1)")
    assert with_files("Why?", [str(file)]) == f"{file}:\n```py\nprint(1)\n```\n\nWhy?"


def test_files_keep_their_order_and_need_no_prompt(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("b", "a")]
    for name in names:
        Path(name).write_text("x\n")
    assert with_files(" ", names) == f"{names[0]}:\n```\nx\n```\n\n{names[1]}:\n```\nx\n```"


@pytest.mark.parametrize("inner", ["```", "````", "  ```python"])
def test_no_text_ends_its_fence(tmp_path: Path, inner: str) -> None:
    file = tmp_path / "a.md"
    file.write_text(f"{inner}\ncode\n{inner}\n")
    fence = attachment(str(file)).splitlines()[-1]
    assert len(fence) == inner.count("`") + 1


def test_an_empty_file_is_an_empty_block(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("")
    assert attachment(str(file)) == f"{file}:\n```\n```"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "cannot be read"),
        (".", "cannot be read"),
        ("bytes", "not UTF-8"),
        ("a\0b", "not the name"),
    ],
)
def test_what_cannot_go_along_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=message):
        attachment(str(tmp_path / name))
