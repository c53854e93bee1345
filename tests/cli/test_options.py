"""Flags as values over a profile."""

from __future__ import annotations

import pytest

from mlxk.cli.options import GenerationOptions
from mlxk.config import Flag
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
