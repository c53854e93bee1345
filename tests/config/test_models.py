"""Several models in one profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.cli.loading import make_plan
from mlxk.config import InvalidProfile, resolve, validate_files
from mlxk.config.models import resolve_models
from mlxk.errors import UsageError

ROOT = Path(__file__).parents[2]
BASE = "mlxk: 1\nmodel: org/base\nsampling: {temperature: 0.1, top_k: 7}\nserver: {listen: '[::1]:1'}\n"
MANY = """
mlxk: 1
system: Be kind.
sampling: {top_p: 0.5}
defaults: {ttl: 15m, sampling: {temperature: 0.3}}
models:
  a:
    model: ./here
    aliases: [first]
    preload: true
    ttl: never
    sampling: {temperature: 0.2}
  b:
    extends: base
    variants:
      b-hot: {sampling: {temperature: 2}}
"""


def project(folder: Path, text: str = MANY) -> Path:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles/base.yaml").write_text(BASE)
    path = folder / "profiles/many.yaml"
    path.write_text(text)
    return path


def test_entries_are_profiles_of_their_own(tmp_path: Path) -> None:
    path = project(tmp_path)
    resolved = resolve(path, cwd=tmp_path, environ={})
    served = resolve_models(resolved, cwd=tmp_path, environ={})
    assert list(served) == ["a", "b", "b-hot"]
    assert served["a"].files == ("profiles/many.yaml", "profiles/base.yaml")
    a, b, hot = (served[name].profile for name in served)
    assert (a.model.path, b.model.repo, hot.model.repo) == (str(path.parent / "here"), "org/base", "org/base")
    assert [profile.sampling.temperature for profile in (a, b, hot)] == [0.2, 0.3, 2]
    assert [profile.sampling.top_k for profile in (a, b, hot)] == [0, 7, 7]
    assert {profile.sampling.top_p for profile in (a, b, hot)} == {0.5}
    assert {profile.system for profile in (a, b, hot)} == {"Be kind."}
    assert [profile.ttl for profile in (a, b, hot)] == ["never", "15m", "15m"]
    assert [profile.preload for profile in (a, b, hot)] == [True, None, None]
    assert [profile.aliases for profile in (a, b, hot)] == [["first"], [], []]
    assert served["b"].profile.server.listen == resolved.profile.server.listen
    assert str(served["a"].origin("sampling.temperature")).endswith("many.yaml:12")
    assert served["b"].config_hash != served["b-hot"].config_hash


def test_flags_stand_over_every_entry(tmp_path: Path) -> None:
    resolved = resolve(project(tmp_path), cwd=tmp_path, environ={}, sets=["sampling.temperature=1.5"])
    served = resolve_models(resolved, cwd=tmp_path, environ={})
    assert [item.profile.sampling.temperature for item in served.values()] == [1.5, 1.5, 1.5]


def test_a_repository_overrides_the_models_of_entries(tmp_path: Path) -> None:
    path = project(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "mlxk.yaml").write_text("mlxk: 1\noverrides: {'org/*': {system: Overridden.}}\n")
    served = resolve_models(resolve(path, cwd=tmp_path, environ={}), cwd=tmp_path, environ={})
    assert [item.profile.system for item in served.values()] == ["Be kind.", "Overridden.", "Overridden."]


def test_one_model_serves_itself(tmp_path: Path) -> None:
    resolved = resolve("demo", cwd=tmp_path, environ={})
    assert resolve_models(resolved, cwd=tmp_path, environ={}) == {"demo": resolved}


@pytest.mark.parametrize(
    ("models", "part"),
    [
        ("{a: {model: o/a, aliases: [b]}, b: {model: o/b}}", "two models have the name `b`"),
        ("{a: {model: o/a, variants: {c: {}}}, b: {model: o/b, aliases: [c]}}", "have the name `c`"),
        ("{a: {model: o/a, ttl: soon}}", "a `ttl` is a number"),
        ("{a: {model: o/a, sampling: {temprature: 1}}}", "unknown key `temprature`"),
        ("{a: {system: x}}", "no model"),
        ("{a: {extends: bose}}", "did you mean `base`"),
        ("{a: {model: o/a, tokens: {context: 5, max_output: 9}}}", "must be less than"),
        ("{a: {model: o/a}}\nmodel: o/b", "exclude each other"),
        ("{a: {model: o/a}}\nmemory: {max_models: 0}", "at least 1"),
        ("{a: o/a}", "must be a mapping"),
    ],
)
def test_what_is_wrong(tmp_path: Path, models: str, part: str) -> None:
    path = project(tmp_path, f"mlxk: 1\nmodels: {models}\n")
    found = validate_files([path], cwd=tmp_path, environ={})
    assert any(part in f"{item.message} {item.help}" for item in found), found
    with pytest.raises(InvalidProfile):
        resolve_models(resolve(path, cwd=tmp_path, environ={}), cwd=tmp_path, environ={})


def test_no_command_for_one_model_takes_several(tmp_path: Path) -> None:
    resolved = resolve(project(tmp_path), cwd=tmp_path, environ={})
    with pytest.raises(UsageError, match="has several models"):
        make_plan(resolved, "run")


def test_studio() -> None:
    path = ROOT / "profiles/studio.yaml"
    environ = {"STUDIO_KEY": "s3cret"}
    assert validate_files([path], environ=environ) == []
    (found,) = validate_files([path], environ={})
    assert "set STUDIO_KEY" in found.message
    served = resolve_models(resolve(path, environ=environ, isolated=True), environ=environ, isolated=True)
    assert list(served) == ["coder", "oss", "oss-high"]
    assert served["oss-high"].profile.reasoning.effort == "high"
    assert served["oss-high"].profile.model == served["oss"].profile.model


def test_an_entry_extends_like_a_profile(tmp_path: Path) -> None:
    text = (
        "mlxk: 1\nmodels:\n"
        "  a: {extends: [base, ./second.yaml]}\n"
        "  b: {extends: ../outside.yaml}\n"
        "  c: {extends: beside}\n"
    )
    path = project(tmp_path, text)
    (tmp_path / "profiles/second.yaml").write_text("mlxk: 1\nsampling: {top_k: 9}\n")
    (tmp_path / "profiles/beside.yaml").write_text("mlxk: 1\nextends: base\nsampling: {top_k: 8}\n")
    (tmp_path / "outside.yaml").write_text("mlxk: 1\nmodel: ./weights\n")
    (tmp_path / "elsewhere").mkdir()
    served = resolve_models(resolve(path, cwd=tmp_path / "elsewhere", environ={}), cwd=tmp_path, environ={})
    a, b, c = (served[name].profile for name in "abc")
    assert (a.model.repo, a.sampling.top_k, a.sampling.temperature) == ("org/base", 9, 0.1)
    assert b.model.path == str(tmp_path / "weights")
    assert (c.model.repo, c.sampling.top_k) == ("org/base", 8)


def test_what_an_entry_extends_must_be_there_and_another_file(tmp_path: Path) -> None:
    text = (
        "mlxk: 1\nmodels:\n  a: {extends: bass}\n  b: {extends: ./gone.yaml}\n  c: {extends: ./many.yaml}\n"
    )
    path = project(tmp_path, text)
    found = validate_files([path], cwd=tmp_path, environ={})
    told = [(item.code, item.origin.line, item.help) for item in found if item.origin is not None]
    assert ("E301", 3, "did you mean `base`?") in told
    assert ("E301", 4, None) in told
    assert ("E302", 5, None) in told


def test_errors_of_a_file_and_of_its_entries_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "mlxk: 1\nsmapling: {}\nmodels:\n"
        "  a: {model: org/a, tokens: {context: 10, max_output: 20}}\n"
        "  b: {model: org/b, sampling: {topp: 1}}\n"
        "  c: {extends: nowhere}\n"
    )
    path = project(tmp_path, text)
    found = validate_files([path], cwd=tmp_path, environ={})
    assert [(item.code, item.origin.line) for item in found if item.origin is not None] == [
        ("E102", 2),
        ("E107", 4),
        ("E102", 5),
        ("E301", 6),
    ]


def test_an_entry_without_a_model_is_told_at_the_entry(tmp_path: Path) -> None:
    path = project(tmp_path, "mlxk: 1\nmodels:\n  a: {preload: true}\n  b: {model: org/b}\n")
    (item,) = validate_files([path], cwd=tmp_path, environ={})
    assert (item.code, str(item.origin)) == ("E106", "profiles/many.yaml:3")
    with pytest.raises(InvalidProfile) as caught:
        resolve_models(resolve(path, cwd=tmp_path, environ={}), cwd=tmp_path, environ={})
    assert caught.value.diagnostics == (item,)
