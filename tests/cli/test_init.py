"""`mlxk init` in an empty folder, in a project, and where something is already there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxk.cli import main
from mlxk.config import jsonschema as schemas
from mlxk.config import resolve, validate_files

Captured = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("work")


def test_it_writes_a_profile_that_works_at_once(work: Path, capsys: Captured) -> None:
    assert main(["init"]) == 0
    assert capsys.readouterr().out == "wrote profiles/default.yaml\nwrote schemas/profile.v1.json\n"
    file = work / "profiles" / "default.yaml"
    modeline = file.read_text().splitlines()[0]
    assert modeline == "# yaml-language-server: $schema=../schemas/profile.v1.json"
    assert (file.parent / modeline.rpartition("=")[2]).read_text() == schemas.dumps(
        schemas.generate("profile")
    )
    assert validate_files([file]) == []
    assert resolve("default").profile.model.repo == "builtin:demo"
    assert not (work / ".vscode").exists()


def test_every_line_that_it_comments_out_is_valid(work: Path) -> None:
    main(["init", "all"])
    file = work / "profiles" / "all.yaml"
    head, _, rest = file.read_text().partition("\n\n# extends")
    lines = [line.removeprefix("# ") for line in ("# extends" + rest).splitlines()]
    file.write_text(f"{head}\n" + "\n".join(lines))
    assert validate_files([file]) == []
    resolved = resolve("all", variant="exact")
    assert resolved.profile.sampling.temperature == 0
    assert resolved.profile.stop.sequences == ["END"]
    assert resolved.profile.server.listen == "127.0.0.1:8080"


def test_nothing_is_overwritten(work: Path, capsys: Captured) -> None:
    (work / "profiles").mkdir()
    (work / "profiles" / "mine.yaml").write_text("mlxk: 1\n")
    assert main(["init", "mine"]) == 2
    assert "profiles/mine.yaml is there already" in capsys.readouterr().err
    assert (work / "profiles" / "mine.yaml").read_text() == "mlxk: 1\n"
    assert not (work / "schemas").exists()

    (work / ".vscode").mkdir()
    (work / ".vscode" / "settings.json").write_text("{}")
    assert main(["init", "other", "--vscode"]) == 2
    assert "yaml.schemas" in capsys.readouterr().err
    assert (work / ".vscode" / "settings.json").read_text() == "{}"
    assert not (work / "profiles" / "other.yaml").exists()


def test_a_schema_that_is_there_stays(work: Path, capsys: Captured) -> None:
    (work / "schemas").mkdir()
    (work / "schemas" / "profile.v1.json").write_text("{}\n")
    assert main(["init"]) == 0
    assert capsys.readouterr().out == "wrote profiles/default.yaml\n"
    assert (work / "schemas" / "profile.v1.json").read_text() == "{}\n"


def test_vscode_when_asked(work: Path) -> None:
    assert main(["init", "--vscode"]) == 0
    settings = json.loads((work / ".vscode" / "settings.json").read_text())
    assert settings == {
        "yaml.schemas": {
            "./schemas/profile.v1.json": ["profiles/*.yaml"],
            "./schemas/repository.v1.json": ["mlxk.yaml", "mlxk.local.yaml"],
        }
    }
    for schema in settings["yaml.schemas"]:
        assert (work / schema).is_file()


def test_in_a_project_it_goes_where_profiles_are(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (work / "mlxk.yaml").write_text("mlxk: 1\nprofiles: [config/models]\n")
    (work / "deep").mkdir()
    monkeypatch.chdir(work / "deep")
    assert main(["init", "coder", "--model", "../weights", "--vscode"]) == 0
    assert "wrote ../config/models/coder.yaml" in capsys.readouterr().out
    file = work / "config" / "models" / "coder.yaml"
    assert file.read_text().startswith("# yaml-language-server: $schema=../../schemas/profile.v1.json\n")
    # The model's folder counts from where the command ran; in the profile, from the profile.
    assert resolve("coder").profile.model.path == str(work / "weights")
    settings = json.loads((work / ".vscode" / "settings.json").read_text())
    assert settings["yaml.schemas"]["./schemas/profile.v1.json"] == ["config/models/*.yaml"]


def test_a_file_of_ones_own(work: Path, capsys: Captured) -> None:
    assert main(["init", "./mine.yaml", "--model", "odd: name"]) == 0
    text = (work / "mine.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./schemas/profile.v1.json\n")
    assert 'model: "odd: name"' in text
    assert "mlxk run -p ./mine.yaml" in text


@pytest.mark.parametrize("name", ["", ".hidden", "a b", "./folder/", "x\ny", "--"])
def test_names_that_are_none(work: Path, name: str) -> None:
    assert main(["init", "--name", name]) == 2
    assert list(work.iterdir()) == []


def test_a_folder_that_may_not_be_written(work: Path, capsys: Captured) -> None:
    (work / "profiles").write_text("a file in the way")
    assert main(["init"]) == 2
    assert "cannot write profiles/default.yaml" in capsys.readouterr().err
