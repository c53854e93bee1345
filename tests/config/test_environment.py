"""`MLXK_*` variables as a layer."""

from __future__ import annotations

from typing import Any

from mlxk.config.environment import known_names


def test_nested_names_lists_and_whole_sections(folder: Any) -> None:
    folder.profile("sampling: {top_k: 1, seed: 1}\nstop: {tokens: [a]}\n")
    folder.environ |= {
        "MLXK_SAMPLING": "{top_k: 2}",
        "MLXK_STOP__TOKENS": '["b", "c"]',
        "MLXK_TOKENS__SHARE__SERVER": "0.25",
        "MLXK_SYSTEM": "007",
        "MLXK_REASONING__ENABLED": "false",
        "MLXK_CHAT_TEMPLATE_KWARGS__ENABLE_THINKING": "false",
        "mlxk_description": "lower case",
        "MLXK_MODEL__REVISION": "1234567",
    }
    resolved = folder.resolve()
    profile = resolved.profile
    assert (profile.sampling.top_k, profile.sampling.seed) == (2, 1)
    assert profile.stop.tokens == ["b", "c"]
    assert profile.tokens.share.server == 0.25
    assert profile.system == "007"
    assert profile.reasoning.enabled is False
    assert profile.chat_template_kwargs == {"enable_thinking": False}
    assert profile.description == "lower case"
    assert profile.model.revision == "1234567"
    assert str(resolved.origin("stop.tokens[0]")) == "MLXK_STOP__TOKENS"
    assert str(resolved.origin("tokens.share.server")) == "MLXK_TOKENS__SHARE__SERVER"
    assert resolved.warnings == ()


def test_the_model_from_the_environment(folder: Any) -> None:
    folder.profile("model: {repo: org/a, revision: main}\n")
    folder.environ["MLXK_MODEL"] = "./b"
    model = folder.resolve().profile.model
    assert (model.path, model.repo, model.revision) == (str(folder.path / "b"), None, None)


def test_an_unknown_name_is_reported_with_the_nearest(folder: Any) -> None:
    folder.profile("")
    folder.environ["MLXK_SAMPLNG__TOP_P"] = "0.5"
    assert folder.resolve().warnings == (
        "environment variable MLXK_SAMPLNG__TOP_P sets nothing: did you mean MLXK_SAMPLING__TOP_P?",
    )


def test_a_name_that_a_profile_reads_is_no_mistake(folder: Any) -> None:
    folder.profile("server: {listen: '${env:MLXK_LISTEN:-127.0.0.1:1}'}\n")
    folder.environ["MLXK_LISTEN"] = "localhost:4"
    resolved = folder.resolve()
    assert resolved.warnings == ()
    assert resolved.profile.server.listen == "localhost:4"


def test_wrong_values_name_the_variable(folder: Any) -> None:
    folder.profile("sampling: {top_p: 0.5}\n")
    folder.environ |= {"MLXK_SAMPLING__TOP_P": "2", "MLXK_SAMPLING__TOPK": "1", "MLXK_STOP__TOKENS": "[a"}
    found = folder.errors()
    assert sorted((item.code, str(item.origin)) for item in found) == [
        ("E005", "MLXK_STOP__TOKENS"),
        ("E102", "MLXK_SAMPLING__TOPK"),
        ("E105", "MLXK_SAMPLING__TOP_P"),
    ]
    assert next(item.notes for item in found if item.code == "E105") == ("overrides p.yaml:3",)


def test_every_known_name_sets_its_key(folder: Any) -> None:
    assert "MLXK_SAMPLING__TOP_P" in known_names()
    assert "MLXK_SERVER__LISTEN" in known_names()
    assert not [name for name in known_names() if name != name.upper()]


def test_a_section_and_a_key_in_it(folder: Any) -> None:
    folder.profile("")
    folder.environ |= {
        "MLXK_TOKENS__SHARE__RUN": "0.5",
        "MLXK_TOKENS__SHARE": "{run: 0.1, server: 0.2}",
        "MLXK_TOKENS": "{context: 9, share: {server: 0.9}}",
    }
    resolved = folder.resolve()
    assert resolved.profile.tokens.context == 9
    assert resolved.profile.tokens.share.model_dump() == {"run": 0.5, "server": 0.2}
    assert str(resolved.origin("tokens.share.run")) == "MLXK_TOKENS__SHARE__RUN"
    assert str(resolved.origin("tokens.share.server")) == "MLXK_TOKENS__SHARE"
    assert resolved.warnings == ()


def test_a_key_below_a_plain_value_names_its_variable(folder: Any) -> None:
    folder.profile("")
    folder.environ["MLXK_SAMPLING__TOP_K__X"] = "1"
    (item,) = folder.errors()
    assert (item.code, str(item.origin)) == ("E103", "MLXK_SAMPLING__TOP_K__X")


def test_one_name_in_two_spellings_is_reported(folder: Any) -> None:
    folder.profile("")
    folder.environ |= {"MLXK_SYSTEM": "a", "mlxk_system": "b"}
    (warning,) = folder.resolve().warnings
    assert warning == "environment variable MLXK_SYSTEM sets nothing: it is there twice, in other letters"
