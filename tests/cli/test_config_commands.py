"""validate, profiles, schema, config and explain, as the command line runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mlxk.cli import main

Captured = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("work")


def test_validate_says_what_is_wrong_and_exits_1(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text("mlxk: 1\nmodel: a/b\nsamplin: {}\n")
    (work / "q.yaml").write_text("mlxk: 1\nmodel: a/b\n")
    assert main(["validate", "p.yaml", "q.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("error[E102]: unknown key `samplin`\n  --> p.yaml:3:1\n")
    assert err == "2 files checked: 1 error\n"
    assert main(["validate", "q.yaml"]) == 0
    assert capsys.readouterr() == ("", "1 file checked: all valid\n")


def test_validate_for_programs(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text("mlxk: 1\nstop: {sequences: ['\\n']}\nsamplin: {}\n")
    assert main(["validate", "p.yaml", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert [item["code"] for item in json.loads(out)] == ["W001", "E102"]
    assert err == ""
    assert main(["validate", "p.yaml", "--format", "github"]) == 1
    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["::warning", "::error f"]


def test_validate_without_files_takes_the_projects(work: Path, capsys: Captured) -> None:
    (work / "mlxk.yaml").write_text("mlxk: 1\nprofiles: [here]\n")
    (work / "here").mkdir()
    (work / "here" / "a.yaml").write_text("mlxk: 1\nmodell: a/b\n")
    assert main(["validate"]) == 1
    out, err = capsys.readouterr()
    assert "here/a.yaml:2:1" in out
    assert err == "2 files checked: 1 error\n"


def test_validate_without_anything_takes_those_that_ship(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_KEY", "studio")
    assert main(["validate"]) == 0
    assert capsys.readouterr().err.endswith("files checked: all valid\n")


def test_validate_with_a_wrong_option_exits_2() -> None:
    assert main(["validate", "--format", "xml"]) == 2


def test_profiles(work: Path, capsys: Captured) -> None:
    (work / "profiles").mkdir()
    (work / "profiles" / "mine.yaml").write_text("mlxk: 1\ndescription: My own.\n")
    assert main(["profiles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=2) == ["mine", "project", "My own."]
    assert main(["profiles", "--json", "--isolated"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {item["where"] for item in listed} == {"shipped"}
    assert "demo" in {item["name"] for item in listed}


def test_schema(work: Path, capsys: Captured) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:mlxk:schema:profile:v1"
    assert main(["schema", "repository", "-o", "r.json"]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((work / "r.json").read_text())["title"] == "mlxk.yaml"
    assert main(["schema", "--field", "sampling.top_p"]) == 0
    assert json.loads(capsys.readouterr().out)["default"] == 1.0
    assert main(["schema", "--field", "sampling.topp"]) == 2
    assert "did you mean `sampling.top_p`?" in capsys.readouterr().err
    assert main(["schema", "-o", "no/such/folder.json"]) == 2


def test_config_prints_a_profile_that_gives_the_same(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text(
        "mlxk: 1\nmodel: builtin:demo\nsystem: 'a: b # c'\nsampling: {logit_bias: {12: -1}}\n"
        "reasoning: {markers: [{start: '<a>', end: '{b}', as: text}]}\n"
        "chat_template_kwargs: {'odd: key': ['1', 1, null, 'no', '']}\ndescription: \"two\\nlines\"\n"
    )
    assert main(["config", "-p", "p.yaml", "--set", "sampling.top_k=7"]) == 0
    printed = capsys.readouterr().out
    (work / "again.yaml").write_text(printed)
    assert main(["config", "-p", "p.yaml", "--set", "sampling.top_k=7", "--format", "json"]) == 0
    first = json.loads(capsys.readouterr().out)["values"]
    assert main(["config", "-p", "again.yaml", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"] == first


def test_config_with_origins(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text("mlxk: 1\nmodel: builtin:demo\nsampling:\n  top_p: 0.5\n")
    assert main(["config", "-p", "p.yaml", "--origin", "--set", "sampling.top_k=7", "--isolated"]) == 0
    out, err = capsys.readouterr()
    origins = {line.split("#")[0].split(":")[0].strip(): line.split("# ")[-1] for line in out.splitlines()}
    assert origins["top_p"] == "p.yaml:4"
    assert origins["top_k"] == "--set sampling.top_k"
    assert origins["overflow"] == "default"
    assert yaml.safe_load(out)["sampling"]["top_p"] == 0.5
    assert "files: p.yaml" in err
    assert main(["config", "-p", "p.yaml", "--origin", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["origins"]["sampling.top_p"] == "p.yaml:4"


def test_config_shows_the_models_own_file(work: Path, capsys: Captured) -> None:
    (work / "model").mkdir()
    (work / "model" / "generation_config.json").write_text('{"temperature": 0.6}')
    (work / "p.yaml").write_text("mlxk: 1\nmodel: ./model\n")
    assert main(["config", "-p", "p.yaml", "--origin"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "temperature" in line)
    assert line.split() == ["temperature:", "0.6", "#", "generation_config.json"]


def test_no_command_prints_a_secret(work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cr3t")
    (work / "p.yaml").write_text("mlxk: 1\nmodel: ./m\nsystem: ${env:KEY}\nsampling: {top_k: '${env:KEY}'}\n")
    (work / "q.yaml").write_text("mlxk: 1\nmodel: ./m\nsystem: ${env:KEY}\nvariants: {v: {system: null}}\n")
    for command in (
        ["validate", "p.yaml"],
        ["validate", "p.yaml", "--format", "json"],
        ["config", "-p", "p.yaml"],
        ["config", "-p", "q.yaml", "--origin"],
        ["config", "-p", "q.yaml", "--format", "json", "--origin"],
        ["config", "diff", "q.yaml", "demo"],
        ["explain", "-p", "q.yaml", "system"],
        ["profiles", "--json"],
    ):
        main(command)
        out, err = capsys.readouterr()
        assert "s3cr3t" not in out + err, command
        assert out + err


def test_diff(capsys: Captured) -> None:
    assert main(["config", "diff", "demo", "demo"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["config", "diff", "demo", "demo-harmony", "--isolated"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "model.chat_template" in lines
    assert lines[lines.index("model.chat_template") + 1] == "  - null  # default"


def test_explain_tells_the_whole_chain(work: Path, capsys: Captured) -> None:
    (work / "base.yaml").write_text("mlxk: 1\nmodel: builtin:demo\nstop: {tokens: [a]}\nsystem: x\n")
    (work / "p.yaml").write_text("mlxk: 1\nextends: base\nstop:\n  tokens+: [b]\nsystem: null\n")
    assert main(["explain", "-p", "p.yaml", "stop.tokens", "--set", "stop.tokens+=c"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "stop.tokens: [a, b, c]"
    assert lines[2] == "  In a running server, a change applies at once."
    assert [line.split()[-3:] for line in lines[3:]] == [
        ["default", "[]"],
        ["base.yaml:3", "[a]"],
        ["p.yaml:4", "[b]", "(appended)"],
        ["stop.tokens+", "[c]", "(appended)"],
    ]
    assert lines[-1].startswith("  → --set stop.tokens")
    assert main(["explain", "-p", "p.yaml", "system"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "  → p.yaml:5     unset"
    assert main(["explain", "-p", "p.yaml", "tokens"]) == 0
    assert "tokens.share.server: 0.5" in capsys.readouterr().out


def test_explain_knows_its_keys(capsys: Captured) -> None:
    assert main(["explain", "-p", "demo", "sampling.temprature"]) == 2
    assert "did you mean `sampling.temperature`?" in capsys.readouterr().err
    assert main(["explain", "-p", "demo", "a..b"]) == 2
    assert main(["explain", "-p", "dmo", "system"]) == 1
    assert "did you mean `demo`?" in capsys.readouterr().err


def test_what_config_prints_is_a_profile_again(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text("mlxk: 1\nmodel: org/model\nstop: {tokens: [a, b]}\n")
    assert main(["config", "-p", "p.yaml"]) == 0
    printed = capsys.readouterr().out
    assert not [line for line in printed.splitlines() if line.strip() == "clamp:"]
    (work / "q.yaml").write_text(printed)
    assert main(["validate", "q.yaml"]) == 0
    assert main(["config", "diff", "p.yaml", "q.yaml"]) == 0


def test_diff_compares_lists_as_wholes(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text("mlxk: 1\nmodel: org/model\nstop: {tokens: [a, b]}\n")
    (work / "q.yaml").write_text("mlxk: 1\nmodel: org/model\nstop: {tokens: [a]}\n")
    assert main(["config", "diff", "p.yaml", "q.yaml"]) == 1
    expected = "stop.tokens\n  - [a, b]  # p.yaml:3\n  + [a]  # q.yaml:3\n"
    assert capsys.readouterr().out == expected


MANY = """mlxk: 1
defaults: {sampling: {top_k: 3}}
models:
  a: {model: org/a, sampling: {top_p: 0.5}}
  b: {model: org/b, variants: {b-hot: {sampling: {temperature: 2}}}}
"""


def test_config_and_explain_of_one_among_several_models(work: Path, capsys: Captured) -> None:
    (work / "p.yaml").write_text(MANY)
    (work / "mlxk.yaml").write_text("mlxk: 1\noverrides: {org/*: {tokens: {max_output: 9}}}\n")
    assert main(["config", "-p", "p.yaml", "--model", "a", "--format", "json", "--origin"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["values"]["sampling"]["top_p"] == 0.5
    assert told["origins"]["sampling.top_k"] == "p.yaml:2"
    assert told["origins"]["tokens.max_output"] == "mlxk.yaml:2"
    assert main(["explain", "-p", "p.yaml", "--model", "b-hot", "sampling.temperature"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["→", "p.yaml:5", "2"]
    assert main(["config", "-p", "p.yaml", "--model", "b-hto"]) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: the profile p has no model `b-hto`",
        "hint: did you mean `b-hot`?",
    ]


def test_the_shipped_profiles_are_valid_on_a_fresh_machine(
    work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STUDIO_KEY", raising=False)
    assert main(["validate"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("warning[W005]: environment variable STUDIO_KEY is not set: set STUDIO_KEY\n")
    assert err.endswith("files checked: all valid\n")
    assert main(["config", "-p", "studio"]) == 0
    out, err = capsys.readouterr()
    assert '- "${env:STUDIO_KEY:?set STUDIO_KEY}"' in out
    assert "environment variable STUDIO_KEY is not set" in err
    assert main(["up", "studio"]) == 1
    assert "error[E201]: environment variable STUDIO_KEY is not set" in capsys.readouterr().err


def test_validate_reads_no_standard_input(work: Path, capsys: Captured) -> None:
    assert main(["validate", "-"]) == 2
    assert "validate reads files, not standard input" in capsys.readouterr().err
