"""Reports: the caret snippet to the letter, JSON, and workflow commands."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from mlxk.config.diagnostics import InvalidProfile, as_json, github, human, nearest


def test_the_snippet_to_the_letter(folder: Any) -> None:
    folder.profile("sampling:\n  top_p: 0.9\n\n  temprature: 0.7\n", "profiles/studio.yaml")
    with pytest.raises(InvalidProfile) as caught:
        folder.resolve("profiles/studio.yaml")
    assert str(caught.value) == (
        "error[E102]: unknown key `temprature` in sampling\n"
        "  --> profiles/studio.yaml:6:3\n"
        "   |\n"
        " 6 |   temprature: 0.7\n"
        "   |   ^^^^^^^^^^ help: did you mean `temperature`?"
    )


def test_the_gutter_grows_with_the_line_number(folder: Any) -> None:
    folder.profile("\n" * 100 + "seed: 1\n")
    (item,) = folder.errors()
    assert human([item]) == (
        "error[E102]: unknown key `seed`\n"
        "    --> p.yaml:103:1\n"
        "     |\n"
        " 103 | seed: 1\n"
        "     | ^^^^ help: `seed` is `sampling.seed` here; `mlxk migrate` rewrites it"
    )


def test_a_value_that_overrides_says_what(folder: Any) -> None:
    folder.profile("sampling:\n  temperature: 0.5\n", "base.yaml")
    folder.profile("extends: ./base.yaml\nsampling: {temperature: hot}\n")
    (item,) = folder.errors()
    assert item.notes == ("overrides base.yaml:4",)
    assert human([item]).splitlines()[-1] == "   = note: overrides base.yaml:4"


def test_all_errors_of_all_files_at_once(folder: Any) -> None:
    folder.profile("samplin: {}\nstop: {tokens: x}\n", "base.yaml")
    folder.profile("extends: ./base.yaml\ntokens: {context: -1, max_outputs: 2}\nsystem: [1]\n")
    found = folder.errors()
    assert [(item.origin.name, item.origin.line, item.code) for item in found if item.origin] == [
        ("p.yaml", 3, "E105"),
        ("p.yaml", 3, "E102"),
        ("p.yaml", 4, "E103"),
        ("base.yaml", 3, "E102"),
        ("base.yaml", 4, "E103"),
    ]


def test_json_has_everything_in_fields(folder: Any) -> None:
    folder.profile("sampling: {temprature: 0.7}\n")
    (item,) = json.loads(as_json(folder.validate()))
    assert item == {
        "code": "E102",
        "severity": "error",
        "message": "unknown key `temprature` in sampling",
        "file": "p.yaml",
        "line": 3,
        "column": 12,
        "end_column": 22,
        "path": "sampling.temprature",
        "help": "did you mean `temperature`?",
        "notes": [],
    }


def test_workflow_commands_are_escaped(folder: Any) -> None:
    folder.profile('"a,b:%": 1\n', "odd,name.yaml")
    assert github(folder.validate("odd,name.yaml")).startswith(
        "::error file=odd%2Cname.yaml,line=3,col=1,endColumn=8,title=mlxk E102::unknown key `a,b:%25`"
    )


def test_control_characters_and_long_lines_do_not_break_the_snippet(folder: Any) -> None:
    folder.profile("sampling: {" + " " * 400 + "temprature: 1}\n")
    (item,) = folder.errors()
    line, carets = human([item]).splitlines()[3:]
    assert len(line) < 200
    column = carets.index("^")
    assert line[column:].startswith("temprature")


def test_an_invalid_profile_survives_pickling(folder: Any) -> None:
    folder.profile("nonsense: 1\n")
    with pytest.raises(InvalidProfile) as caught:
        folder.resolve()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.exit_status == 1


def test_nearest() -> None:
    assert nearest("temprature", ["top_p", "temperature"]) == "temperature"
    assert nearest("max-output", ["max_output"]) == "max_output"
    assert nearest("zzz", ["temperature"]) is None
