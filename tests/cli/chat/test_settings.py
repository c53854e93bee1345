"""What /set says over a profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.cli.chat.settings import Settings, choices, full_key, leaf_keys
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.config import InvalidProfile
from mlxk.errors import UsageError

DEMO = Settings(ProfileOptions(profile="demo", isolated=True), GenerationOptions(), None)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("temperature", "sampling.temperature"),
        ("--top-p", "sampling.top_p"),
        ("sampling.top_p", "sampling.top_p"),
        ("max_tokens", "tokens.max_output"),
        ("overflow", "tokens.overflow"),
        ("think", "reasoning.enabled"),
        ("stop", "stop.sequences"),
        ("stop+", "stop.sequences+"),
        ("system", "system"),
        ("kv_bits", "engine.kv_bits"),
    ],
)
def test_keys_have_short_names(said: str, key: str) -> None:
    assert full_key(said) == key


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("temprature", "temperature"),
        ("server.listen", "mlxk up"),
        ("models", "mlxk up"),
        ("[1]", "no setting"),
        ("", "no key"),
    ],
)
def test_what_is_no_setting_of_a_chat_is_refused(said: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        full_key(said)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_every_key_that_is_offered_is_one() -> None:
    assert [key for key in leaf_keys() if full_key(key) != key] == []


def test_a_value_is_checked_as_in_a_profile() -> None:
    settings = DEMO.with_value("temperature", "0.25")
    assert settings.resolve().profile.sampling.temperature == 0.25
    with pytest.raises(InvalidProfile, match="at least 0"):
        DEMO.with_value("temperature", "-1").resolve()
    with pytest.raises(InvalidProfile, match=r"/set sampling\.temprature"):
        DEMO.with_value("sampling.temprature", "1").resolve()


def test_it_stands_over_flags() -> None:
    settings = Settings(DEMO.profile, GenerationOptions(temperature=1.5), None)
    assert settings.with_value("temperature", "0.5").resolve().profile.sampling.temperature == 0.5


@pytest.mark.parametrize("text", ["Be brief: one line.", "yes", "[x", "12", "# no comment", "a\nb"])
def test_text_needs_no_quotes(text: str) -> None:
    assert DEMO.with_value("system", text).resolve().profile.system == text


def test_a_later_value_replaces_an_earlier_one_and_can_be_taken_back() -> None:
    settings = DEMO.with_value("top_k", "3").with_value("top_k", "4")
    assert settings.resolve().profile.sampling.top_k == 4
    assert settings.without("top_k").said == {}
    with pytest.raises(UsageError, match="nothing was set"):
        DEMO.without("top_k")


def test_a_list_is_appended_to() -> None:
    settings = DEMO.with_value("stop", '["A"]').with_value("stop+", '"B"')
    assert settings.resolve().profile.stop.sequences == ["A", "B"]


def test_another_profile_begins_anew(tmp_path: Path) -> None:
    settings = DEMO.with_value("top_k", "3").of_profile("demo-harmony")
    assert settings.said == {}
    assert settings.profile.profile == "demo-harmony"
    assert DEMO.of_profile("studio:fast").profile.variant == "fast"


def test_choices_are_offered() -> None:
    assert choices("overflow") == ("error", "truncate_oldest")
    assert choices("think") == ("true", "false")
    assert choices("temperature") == ()
