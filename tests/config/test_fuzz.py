"""Whatever stands in a file, the outcome is a report: no exception gets out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlxk.config import validate_files
from mlxk.config.diagnostics import as_json, github, human

PLAIN = (
    *(
        "mlxk",
        "model",
        "sampling",
        "stop",
        "tokens",
        "tokens+",
        "reasoning",
        "markers",
        "variants",
        "extends",
    ),
    *("1", "0.5", "true", "null", "~", "[", "]", "{", "}", ":", ": ", ", ", "\n", "\n  ", "- ", "&a ", "*a"),
    *(
        "${env:X}",
        "${",
        "'",
        '"',
        "|",
        ">",
        "<<",
        "!!str ",
        "%",
        "\t",
        "x-",
        "/v1",
        "é",
        "\u2028",
        "\x85",
        "---",
    ),
)
WORDS = st.sampled_from(PLAIN)


def reported(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "p.yaml"
        path.write_bytes(data)
        found = validate_files([path], cwd=Path(name), environ={})
    for item in found:
        assert item.origin is not None
        assert item.origin.line == 0 or item.origin.line <= len(item.origin.source.lines) + 1  # type: ignore[union-attr]
    assert isinstance(human(found) + as_json(found) + github(found), str)


@given(st.lists(WORDS, max_size=25).map("".join))
@settings(max_examples=250, deadline=None)
def test_pieces_of_profiles(text: str) -> None:
    reported(("mlxk: 1\n" + text).encode())


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_bytes(data: bytes) -> None:
    reported(data)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    reported(text.encode("utf-8", "surrogatepass"))
