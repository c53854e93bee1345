"""The scanner: nothing lost, nothing shown too early, the same scans for any portions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxk.text.compiled import CompiledGrammar
from mlxk.text.grammar import Opened, Span, spans
from mlxk.text.scanner import Piece, Scan, Scanner, Switch
from mlxk.text.stops import Stops

GRAMMAR = spans(
    "test", (Span("<a>", "</a>"), Span("<a>b", "</b>"), Span("[[", "]]", "text"), Span("[[[", "]]]"))
)
COMPILED = CompiledGrammar(GRAMMAR, str, str)
OUTPUTS = st.text(st.sampled_from("<>/ab[]x"), max_size=30)


def scan(portions: list[str]) -> list[tuple[str, str]]:
    scanner = Scanner(COMPILED, Opened("text"))
    scans: list[Scan] = [item for portion in portions for item in scanner.feed(portion)]
    return merged([*scans, *scanner.flush()])


def merged(scans: list[Scan]) -> list[tuple[str, str]]:
    """(state, text) of pieces, neighbours joined; ("->state", delimiter) of switches."""
    result: list[tuple[str, str]] = []
    for item in scans:
        match item:
            case Piece() if result and result[-1][0] == item.state.name:
                result[-1] = (item.state.name, result[-1][1] + item.text)
            case Piece():
                result.append((item.state.name, item.text))
            case Switch():
                result.append(("->" + item.after.name, item.text))
    return result


@given(OUTPUTS)
def test_nothing_is_lost(output: str) -> None:
    assert "".join(text for _, text in scan([output])) == output


@given(OUTPUTS, st.lists(st.integers(1, 4), min_size=1))
def test_portions_do_not_matter(output: str, sizes: list[int]) -> None:
    portions, place, turn = [], 0, 0
    while place < len(output):
        size = sizes[turn % len(sizes)]
        portions.append(output[place : place + size])
        place, turn = place + size, turn + 1
    assert scan(portions) == scan([output]) == scan(list(output))


@pytest.mark.parametrize(
    ("output", "want"),
    [
        ("x<a>y", [("text", "x"), ("->span0", "<a>"), ("span0", "y")]),
        ("<a>b</b>", [("->span1", "<a>b"), ("->text", "</b>")]),
        ("<a", [("text", "<a")]),
        ("<a>", [("->span0", "<a>")]),
        ("[[[x", [("->span3", "[[["), ("span3", "x")]),
        ("x</a>y", [("text", "x"), ("->text", "</a>"), ("text", "y")]),
    ],
)
def test_scans(output: str, want: list[tuple[str, str]]) -> None:
    assert scan([output]) == want


def test_only_what_may_be_a_delimiter_is_held_back() -> None:
    scanner = Scanner(COMPILED, Opened("text"))
    assert [item.text for item in scanner.feed("one < two <")] == ["one < two "]
    assert [item.text for item in scanner.feed("b")] == ["<b"]


def test_stops() -> None:
    stops = Stops(["END", "EN", "", "ND!"])
    found = stops.find("the END!")
    assert found is not None
    assert (found.start, found.stop) == (4, "END")
    assert stops.certain("the E") == 4
    assert stops.certain("the") == 3
    assert not Stops([])


def test_a_stop_of_any_length_takes_no_more_than_itself() -> None:
    long = "ab" * 50_000
    stops = Stops([long, "x"])
    assert stops.certain(f"text {long[:-1]}") == 5
    assert stops.certain("text aba") == 5
    assert stops.certain("text abb") == 8
    assert stops.find(f"text {long}") is not None
