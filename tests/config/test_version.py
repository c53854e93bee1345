"""`mlxk:` and `requires:` are read before anything else."""

from __future__ import annotations

import pytest

from mlxk import __version__
from mlxk.config.diagnostics import human
from mlxk.config.version import satisfies
from tests.config.conftest import Folder

UNKNOWN = "".join(f"key{number}: {{deep: [1, 2]}}\n" for number in range(20))


@pytest.mark.parametrize(
    "text",
    [
        f"mlxk: 2\n{UNKNOWN}",
        f"{UNKNOWN}mlxk: 2\n",
        f"mlxk: 2  # newer\nmodel: !from hub\nsampling: !!set {{a, b}}\n{UNKNOWN}",
        f"mlxk: 2\nmodel: org/m\n---\nmodel: org/n\n{UNKNOWN}",
        f"mlxk: 2\nmodel: @ref\n{UNKNOWN}",
        f"mlxk: 2\nmodel: a\nmodel: b\n{UNKNOWN}",
        f"# header\nmlxk: 2\nmodel: &a [*a]\n{UNKNOWN}",
        f'mlxk: 2\nrequires: ">=9"\n{UNKNOWN}',
        f"mlxk: 2\nrequires: [9]\nsystem: ${{env:NOT_SET}}\n{UNKNOWN}",
    ],
)
def test_a_newer_language_is_one_error(folder: Folder, text: str) -> None:
    folder.write("p.yaml", text)
    for (found,) in (folder.validate(), folder.errors()):
        assert (found.code, found.path, found.help) == ("E101", ("mlxk",), "pip install --upgrade mlxk")
        assert found.message == f"the file is in a newer language: mlxk {__version__} reads `mlxk: 1`"
        assert found.origin is not None
        assert text.splitlines()[found.origin.line - 1][found.origin.column - 1] == "2"


def test_a_newer_language_in_what_is_built_on(folder: Folder) -> None:
    folder.write("mlxk.yaml", f"mlxk: 2\n{UNKNOWN}")
    folder.write("base.yaml", f"mlxk: 3\n{UNKNOWN}")
    folder.profile("extends: ./base.yaml\n")
    assert [(item.code, item.origin.name) for item in folder.errors() if item.origin] == [
        ("E101", "mlxk.yaml"),
        ("E101", "base.yaml"),
    ]


@pytest.mark.parametrize(
    ("limits", "help_text"),
    [
        (">=99", "pip install --upgrade mlxk"),
        ("==99", "pip install --upgrade mlxk"),
        ("<0.0.1", "install a version within its limits"),
        (">=0, !=" + __version__, "install a version within its limits"),
    ],
)
def test_requires_comes_before_the_keys(folder: Folder, limits: str, help_text: str) -> None:
    folder.write("p.yaml", f'mlxk: 1\nrequires: "{limits}"\n{UNKNOWN}')
    (found,) = folder.validate()
    assert (found.code, found.help) == ("E101", help_text)
    assert found.message == f"the file requires another mlxk: this is {__version__}"


def test_the_note_says_where_requires_stands(folder: Folder) -> None:
    folder.write("p.yaml", 'mlxk: 2\nmodel: m\nrequires: ">=9"\n')
    assert "= note: its `requires` in line 3 says which mlxk" in human(folder.validate())


@pytest.mark.parametrize("text", ["", "model: org/m\n"])
def test_a_file_without_a_version(folder: Folder, text: str) -> None:
    folder.write("p.yaml", text)
    (found,) = folder.validate()
    assert found.code == ("E101" if text else "E004")
    assert found.help is not None
    assert "`mlxk: 1`" in found.help


@pytest.mark.parametrize("written", ["0", "1.5", '"2"', "two", "[1]", "-3", "null"])
def test_what_is_no_version(folder: Folder, written: str) -> None:
    folder.write("p.yaml", f"mlxk: {written}\n{UNKNOWN}")
    (found,) = folder.validate()
    assert (found.code, found.path) == ("E101", ("mlxk",))


@pytest.mark.parametrize(
    ("version", "limits", "met"),
    [
        ("1.0", ">=1", True),
        ("1.0.0", "==1", True),
        ("0.10", ">=0.9", True),
        ("0.4", ">=0.4,<2", True),
        ("2", ">=0.4,<2", False),
        ("1.2rc1", ">=1.2", True),
        ("1", "~=1", None),
        ("1", ">=1,", None),
    ],
)
def test_limits(version: str, limits: str, met: bool | None) -> None:
    assert satisfies(version, limits) is met
