"""Bad files through the public API: a clear error for each, and nothing started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlxk.config import InvalidProfile
from mlxk.errors import ProfileNotFound

BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "E004"),
    "blank": (b"\n\n  \n", "E004"),
    "binary": (bytes(range(256)), "E002"),
    "10 MB": (b"mlxk: 1\nsystem: " + b"x" * 10_000_000, "E003"),
    "tabs": (b"mlxk: 1\nsampling:\n\ttemperature: 1\n", "E006"),
    "duplicate keys": (b"mlxk: 1\nmodel: a/b\nmodel: c/d\n", "E007"),
    "brackets": (b"mlxk: 1\nsystem: " + b"[" * 3000 + b"]" * 3000, "E009"),
    "recursive alias": (b"mlxk: 1\nsampling: &a {x-b: *a}\n", "E008"),
    "utf-8": (b"mlxk: 1\nsystem: \xc3\x28\n", "E002"),
    "list": (b"- mlxk: 1\n", "E010"),
    "two documents": (b"mlxk: 1\n---\nmlxk: 1\n", "E010"),
    "tag": (b"mlxk: 1\nsystem: !!python/name:os.system x\n", "E011"),
    "unset variable": (b"mlxk: 1\nmodel: a/b\nsystem: ${env:UNSET}\n", "E201"),
    "missing extends": (b"mlxk: 1\nextends: ./nowhere.yaml\n", "E301"),
    "cyclic extends": (b"mlxk: 1\nextends: ./p.yaml\n", "E302"),
    "open to the network": (b"mlxk: 1\nmodel: a/b\nserver: {listen: '0.0.0.0:8080'}\n", "E111"),
    "open to the network in six": (b"mlxk: 1\nmodel: a/b\nserver: {listen: '[::]:8080'}\n", "E111"),
}


@pytest.mark.parametrize("name", BAD)
def test_resolve_and_validate_tell_the_same(folder: Any, name: str) -> None:
    data, code = BAD[name]
    folder.write("p.yaml", data)
    (item,) = folder.errors()
    assert item.code == code
    assert folder.validate() == [item]
    assert item.origin is not None
    assert item.origin.name == "p.yaml"


def test_an_alias_bomb(folder: Any) -> None:
    lines = ["mlxk: 1", "x-a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    folder.write("p.yaml", "\n".join(lines))
    assert folder.codes() == ["E008"]


def test_a_folder_a_fifo_and_nothing(folder: Any) -> None:
    (folder.path / "d.yaml").mkdir()
    os.mkfifo(folder.path / "f.yaml")
    (item,) = folder.errors("d.yaml")
    assert (item.code, item.message) == ("E001", "this is a folder, not a file")
    assert folder.codes("f.yaml") == ["E001"]
    assert [item.code for item in folder.validate("none.yaml", "d.yaml", "f.yaml")] == ["E001"] * 3
    with pytest.raises(ProfileNotFound):
        folder.resolve("none.yaml")


def test_a_dangling_link_names_the_file(folder: Any) -> None:
    (folder.path / "p.yaml").symlink_to("gone.yaml")
    assert folder.codes() == ["E001"]


@pytest.mark.parametrize("name", ["mlxk.yaml", "mlxk.local.yaml", "../home/config/mlxk/config.yaml"])
def test_a_dangling_link_among_the_files_around_a_profile(folder: Any, name: str) -> None:
    folder.profile("")
    (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
    (folder.path / name).symlink_to("gone.yaml")
    (item,) = folder.errors()
    assert item.code == "E001"
    assert str(item.origin).endswith(Path(name).name)


def test_a_name_that_no_file_can_have(folder: Any) -> None:
    (item,) = folder.validate("a\0b")
    assert (item.code, item.message) == ("E001", "not the name of a file")


def test_a_broken_base_is_told_in_its_own_file(folder: Any) -> None:
    folder.write("base.yaml", "mlxk: 1\n\tbad\n")
    folder.profile("extends: ./base.yaml\nsampling: {topp: 1}\n")
    assert [(item.code, item.origin.name) for item in folder.errors()] == [
        ("E102", "p.yaml"),
        ("E006", "base.yaml"),
    ]


def test_validate_reports_all_files(folder: Any) -> None:
    for name, (data, _) in BAD.items():
        folder.write(f"{name}.yaml", data.replace(b"./p.yaml", f"./{name}.yaml".encode()))
    found = folder.validate(*(f"{name}.yaml" for name in BAD))
    assert [item.code for item in found] == [code for _, code in BAD.values()]


def test_the_profile_is_never_built(folder: Any, tmp_path: Path) -> None:
    folder.profile("sampling: {topp: 1}\n")
    called = []
    with pytest.raises(InvalidProfile):
        folder.resolve(generation_config=called.append)
    assert called == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('system: "\\ud800"', "E002"),
        ('chat_template_kwargs: {"\\ud801": 1}', "E002"),
        ('include: "a\\0b"', "E301"),
        ('extends: "a\\0b"', "E301"),
        ("extends: " + "x" * 5000, "E301"),
        ("include: " + "x" * 5000, "E301"),
        ('system: "${file:a\\0b}"', "E203"),
        ("system: ${file:" + "x" * 5000 + "}", "E203"),
        ("model: {repo: a/b, chat_template: ./" + "x" * 5000 + ".jinja}", "E110"),
        ("sampling: {logit_bias: {99999999999999999999: 1}}", "E105"),
        ("sampling: {seed: 99999999999999999999}", "E105"),
        ("sampling: {temperature: 1e400}", "E103"),
    ],
    ids=lambda value: value[:30],
)
def test_names_and_numbers_that_no_machine_takes(folder: Any, text: str, code: str) -> None:
    model = "" if "model:" in text else "model: a/b\n"
    folder.write("p.yaml", f"mlxk: 1\n{model}{text}\n")
    assert folder.codes() == [code]


def test_bytes_that_are_no_text_in_arguments_and_environment(folder: Any) -> None:
    folder.profile("system: ${env:RAW}\n")
    folder.environ["RAW"] = "\udcff"
    assert folder.codes() == ["E201"]
    folder.environ = {**folder.environ, "RAW": "", "MLXK_DESCRIPTION": "\udcff"}
    assert folder.codes(sets=["system=\udcff"]) == ["E002", "E002"]
    assert folder.codes(sets=[".".join("a" * 5000) + "=1"]) == ["E002", "E402"]


def test_a_long_chain_of_files(folder: Any) -> None:
    for number in range(200):
        folder.profile(f"extends: c{number + 1}\n", f"c{number}.yaml")
    assert folder.codes("c0.yaml") == ["E302"]
