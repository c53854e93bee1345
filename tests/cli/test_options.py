"""Flags as values over a profile."""

from __future__ import annotations

import pytest

from mlxk.cli.options import PROFILE_KEYS, GenerationOptions
from mlxk.config import Flag
from mlxk.config.schema import SamplingSection
from mlxk.config.schema.tokens import TokensSection
from mlxk.errors import UsageError


def test_only_what_was_given_is_a_flag() -> None:
    assert GenerationOptions().flags() == {}
    flags = GenerationOptions(temperature=0.0, stop=("END",), think=False).flags()
    assert flags == {
        "sampling.temperature": Flag(0.0, "--temperature"),
        "stop.sequences": Flag(["END"], "--stop"),
        "reasoning.enabled": Flag(False, "--think"),
    }


def test_reasoning_markers_stand_instead_of_a_format() -> None:
    flags = GenerationOptions(reasoning_start="((", reasoning_end="))").flags()
    assert flags["reasoning.markers"].value == [{"start": "((", "end": "))", "as": "reasoning"}]
    assert flags["reasoning.format"].value is None


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"reasoning_start": "(("}, "--reasoning-end"), ({"reasoning_end": "))"}, "--reasoning-start")],
)
def test_half_a_pair_of_markers_is_refused(given: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError, match=missing):
        GenerationOptions(**given).flags()  # type: ignore[arg-type]


def test_biases_are_numbers_by_token() -> None:
    flags = GenerationOptions(logit_bias=("7=-100", "8=1.5")).flags()
    assert flags == {"sampling.logit_bias": Flag({"7": -100.0, "8": 1.5}, "--logit-bias")}


@pytest.mark.parametrize("text", ["7", "=1", "seven=1", "7=much"])
def test_what_is_no_bias_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no bias"):
        GenerationOptions(logit_bias=(text,)).flags()


def test_every_sampling_and_token_key_has_a_flag() -> None:
    """But those that are tables: --logit-bias takes them one by one, and --set has the rest."""
    keys = {f"sampling.{name}" for name in SamplingSection.model_fields if name != "logit_bias"}
    keys |= {f"tokens.{name}" for name in TokensSection.model_fields if name != "share"}
    assert keys <= set(PROFILE_KEYS.values())
