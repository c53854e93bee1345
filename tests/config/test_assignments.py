"""Values written into files whose other bytes stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.config import InvalidProfile
from mlxk.config.assignments import Keys, assigned
from mlxk.config.files import ProfileFile, RepositoryFile
from mlxk.config.migration import write
from mlxk.errors import ProfileError

BEFORE = """\
# A profile.
mlxk: 1
model: builtin:demo   # small

sampling:
  # cold
  temperature: 0 # greedy
tokens: {context: 100}
"""
TEMPERATURE = ("sampling", "temperature")


def written(path: Path, values: dict[Keys, str], before: str = BEFORE) -> str:
    path.write_text(before)
    return assigned(path, path.name, ProfileFile, values).after


@pytest.mark.parametrize(
    ("keys", "value", "old", "new"),
    [
        (TEMPERATURE, "0.5", "temperature: 0 #", "temperature: 0.5 #"),
        (("sampling", "top_k"), "3", "0 # greedy\n", "0 # greedy\n  top_k: 3\n"),
        (("tokens", "context"), "50", "{context: 100}", "{context: 50}"),
        (("tokens", "max_output"), "9", "{context: 100}", "{context: 100, max_output: 9}"),
        (("system",), '"a: b"', "100}\n", '100}\nsystem: "a: b"\n'),
        (("stop", "sequences+"), "[x]", "100}\n", "100}\nstop:\n  sequences+: [x]\n"),
        (("model", "revision"), "main", "builtin:demo ", "{repo: builtin:demo, revision: main} "),
        (("model",), "org/other", "builtin:demo ", "org/other "),
    ],
)
def test_one_value_changes_one_place(tmp_path: Path, keys: Keys, value: str, old: str, new: str) -> None:
    assert written(tmp_path / "a.yaml", {keys: value}) == BEFORE.replace(old, new, 1)


def test_several_values_in_one_go(tmp_path: Path) -> None:
    after = written(tmp_path / "a.yaml", {("system",): "hi", TEMPERATURE: "1", ("sampling", "top_k"): "2"})
    assert after == BEFORE.replace(": 0 # greedy\n", ": 1 # greedy\n  top_k: 2\n") + "system: hi\n"


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    done = assigned(path, "new.yaml", ProfileFile, {TEMPERATURE: "1"}, empty="mlxk: 1\nextends: demo\n")
    assert not path.exists()
    write(done)
    assert path.read_text() == "mlxk: 1\nextends: demo\nsampling:\n  temperature: 1\n"


def test_a_key_with_dots_and_slashes(tmp_path: Path) -> None:
    path = tmp_path / "mlxk.local.yaml"
    keys = ("overrides", "org/a.b", *TEMPERATURE)
    write(assigned(path, path.name, RepositoryFile, {keys: "1"}))
    write(assigned(path, path.name, RepositoryFile, {keys: "2"}))
    assert path.read_text().endswith("overrides:\n  org/a.b:\n    sampling:\n      temperature: 2\n")


@pytest.mark.parametrize("value", ["-1", "warm", "[1"])
def test_nothing_wrong_is_written(tmp_path: Path, value: str) -> None:
    with pytest.raises((InvalidProfile, ProfileError)):
        written(tmp_path / "a.yaml", {TEMPERATURE: value})


def test_a_file_that_is_wrong_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile):
        written(tmp_path / "a.yaml", {TEMPERATURE: "1"}, "mlxk: 1\nmlxk: 1\n")


def test_what_others_share_is_left_alone(tmp_path: Path) -> None:
    shared = "mlxk: 1\nmodel: builtin:demo\nsampling: &s {top_k: 1}\nvariants: {a: {sampling: *s}}\n"
    with pytest.raises(ProfileError, match="cannot be written"):
        written(tmp_path / "a.yaml", {TEMPERATURE: "1"}, shared)
