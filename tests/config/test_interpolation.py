"""`${env:}` and `${file:}`: values only, once, and never printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxk.config import InvalidProfile
from mlxk.config.printing import as_yaml


def test_forms(folder: Any) -> None:
    folder.environ |= {"A": "x", "EMPTY": "", "T": "0.25", "N": "0123456", "FLAG": "false"}
    folder.write("prompts/system.md", "Be kind.\n")
    folder.profile(
        "system: ${file:prompts/system.md} ${env:A}${env:NONE:-, y:-z}$${env:A}\n"
        "description: '${env:EMPTY}|${env:EMPTY:-default}'\n"
        "sampling: {temperature: '${env:T}', top_p: '${env:P:-0.5}'}\n"
        "reasoning: {enabled: '${env:FLAG}', effort: '${env:E:-high}'}\n"
        "model: {repo: org/model, revision: '${env:N}'}\n"
    )
    profile = folder.resolve().profile
    assert profile.system == "Be kind. x, y:-z${env:A}"
    assert profile.description == "|default"
    assert (profile.sampling.temperature, profile.sampling.top_p) == (0.25, 0.5)
    assert (profile.reasoning.enabled, profile.reasoning.effort) == (False, "high")
    assert profile.model.revision == "0123456"


def test_what_comes_in_is_not_looked_at_again(folder: Any) -> None:
    folder.environ |= {"A": "${env:B}", "B": "b", "C": "{a: [1]}"}
    folder.profile("system: ${env:A}\ndescription: ${env:C}\n")
    profile = folder.resolve().profile
    assert (profile.system, profile.description) == ("${env:B}", "{a: [1]}")


def test_keys_are_not_interpolated(folder: Any) -> None:
    folder.environ["K"] = "system"
    folder.profile("'${env:K}': x\n")
    assert folder.codes() == ["E102"]


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("${env:NOPE}", "E201", "NOPE is not set"),
        ("${env:NOPE:?say it}", "E201", "NOPE is not set: say it"),
        ("${env:EMPTY:?}", "E201", "EMPTY is not set"),
        ("${NOPE}", "E202", "not an interpolation"),
        ("${env:}", "E202", "not an interpolation"),
        ("${env:A-B}", "E202", "not an interpolation"),
        ("${cmd:ls}", "E202", "not an interpolation"),
        ("${env:A", "E202", "without its"),
        ("${file:gone.md}", "E203", "there is no file"),
        ("${file:.}", "E203", "there is no file"),
        ("${file:/etc/passwd}", "E601", "`system` reads a file outside of its project"),
        ("${file:../../secret}", "E601", "`system` reads a file outside of its project"),
        ("${file:~/secret}", "E601", "`system` reads a file outside of its project"),
        ("${file:link}", "E601", "`system` reads a file outside of its project"),
        ("${file:binary}", "E203", "is not UTF-8"),
    ],
)
def test_errors_have_their_place(folder: Any, text: str, code: str, part: str) -> None:
    folder.environ["EMPTY"] = ""
    (folder.path / "link").symlink_to("/etc/passwd")
    folder.write("binary", b"\xff\xfe")
    folder.profile(f"system: {text}\n")
    (item,) = folder.errors()
    assert item.code == code
    assert part in item.message
    assert str(item.origin) == "p.yaml:3"


def test_a_plain_shell_name_gets_a_suggestion(folder: Any) -> None:
    folder.profile("system: ${HOME}\n")
    (item,) = folder.errors()
    assert item.help == "did you mean `${env:HOME}`? `$${` is a literal `${`"


def test_a_users_own_file_may_read_anything(folder: Any, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("outside")
    mine = Path(folder.environ["XDG_CONFIG_HOME"]) / "mlxk" / "profiles" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text(f"mlxk: 1\nmodel: org/x\nsystem: ${{file:{tmp_path}/outside.md}}\n")
    assert folder.resolve("mine").profile.system == "outside"


SECRET = "s3cr3t-value"


def test_secrets_are_never_shown(folder: Any) -> None:
    folder.environ["KEY"] = SECRET
    folder.write("key.txt", SECRET)
    folder.profile("system: ${env:KEY}\ndescription: 'a ${file:key.txt} b'\nstop: {tokens: ['${env:KEY}']}\n")
    resolved = folder.resolve()
    assert resolved.profile.system == SECRET
    shown = as_yaml(resolved.tree, origins=True)
    assert SECRET not in shown
    assert "${env:KEY}" in shown
    assert "a ${file:key.txt} b" in shown
    assert SECRET not in repr(resolved)


@pytest.mark.parametrize(
    "line",
    [
        "sampling: {temperature: '${env:KEY}'}",
        "reasoning: {effort: '${env:KEY}'}",
        "server: {listen: '${env:KEY}'}",
        "server: {routes: {/x: '${env:KEY}'}}",
        "model: '${env:KEY} x'",
        "model: {repo: org/x, chat_template: './${env:KEY}.jinja'}",
        "stop: '${env:KEY}'",
        "extends: '${env:KEY}'",
        "include: '${env:KEY}'",
        "requires: '${env:KEY}'",
        "mlxk+: '${env:KEY}'",
    ],
)
def test_no_error_quotes_a_secret(folder: Any, line: str) -> None:
    folder.environ["KEY"] = SECRET
    folder.profile(line + "\n")
    with pytest.raises(InvalidProfile) as caught:
        folder.resolve()
    assert SECRET not in str(caught.value)
    assert all(SECRET not in str(item) for item in caught.value.diagnostics)


def test_no_error_quotes_the_environment(folder: Any) -> None:
    folder.profile("")
    for name in ("MLXK_SAMPLING__TEMPERATURE", "MLXK_REASONING__EFFORT", "MLXK_SERVER__LISTEN", "MLXK_STOP"):
        folder.environ = {**folder.environ, name: SECRET}
        with pytest.raises(InvalidProfile) as caught:
            folder.resolve()
        assert SECRET not in str(caught.value)
        assert name in str(caught.value)


NEEDS_KEY = "server:\n  listen: 0.0.0.0:80\n  api_keys: ['${env:KEY:?set KEY}']\n"


def test_a_variable_that_the_machine_has_to_bring_is_no_error_of_the_file(folder: Any) -> None:
    folder.profile(NEEDS_KEY)
    (item,) = [item for item in folder.validate() if item.code != "W004"]
    assert (item.code, item.severity) == ("W005", "warning")
    assert item.message == "environment variable KEY is not set: set KEY"
    resolved = folder.resolve(looks=True)
    assert "environment variable KEY is not set: set KEY" in "".join(resolved.warnings)
    assert folder.codes() == ["E201"]
    folder.environ["KEY"] = "sekret"
    assert "W005" not in [item.code for item in folder.validate()]


def test_a_variable_without_a_message_is_an_error_everywhere(folder: Any) -> None:
    folder.profile("system: ${env:UNSET}\n")
    assert [item.code for item in folder.validate()] == ["E201"]
    assert folder.codes(looks=True) == ["E201"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("model: ${env:M:?which model}", ["E201"]),
        ("model: {repo: '${env:M:?which model}'}", ["E201"]),
        ("sampling: {top_p: '${env:P:?p}', topk: 1}", ["E102", "W005"]),
        ("sampling: {top_p: '${env:P:?p}'}\ntokens: {context: 10, max_output: 20}", ["E107", "W005"]),
        ("server: {api_keys: [{name: a, key: '${env:K:?k}'}]}", ["W005"]),
        ("reasoning: {markers: [{start: '${env:S:?s}', end: x, as: reasoning}]}", ["W005"]),
        ("reasoning: {effort: '${env:E:?e}'}\nvariants: {v: {tokens: {context: 1, max_output: 2}}}", ["E107", "W005"]),  # noqa: E501
    ],
)  # fmt: skip
def test_what_else_is_wrong_is_told_beside_an_unset_variable(
    folder: Any, text: str, codes: list[str]
) -> None:
    folder.profile(f"{text}\n")
    assert sorted(item.code for item in folder.validate()) == codes
