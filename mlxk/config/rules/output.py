"""`tokens`, `reasoning`, `tools`, `output`: how long an answer may be, and how it is read or restricted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlxk.config.rules.problem import Problem, Rule, exclusive
from mlxk.config.schema import Profile
from mlxk.config.schema.reasoning import Marker
from mlxk.config.schema.tools import ToolMarkers


def _tokens(profile: Profile) -> Iterator[Problem]:
    tokens = profile.tokens
    for low, high in (
        ("max_reasoning", "max_output"),
        ("max_output", "context"),
        ("max_reasoning", "context"),
    ):
        small, large = getattr(tokens, low), getattr(tokens, high)
        if small is not None and large is not None and small >= large:
            message = f"`tokens.{low}` must be less than `tokens.{high}`"
            yield Problem("E107", message, ("tokens", low), other=("tokens", high))


def _reasoning(profile: Profile) -> Iterator[Problem]:
    reasoning = profile.reasoning
    if reasoning.format is not None and reasoning.markers is not None:
        yield exclusive(("reasoning", "format"), ("reasoning", "markers"))
    yield from _markers("reasoning", reasoning.markers or ())
    starts: dict[str, int] = {}
    for index, marker in enumerate(reasoning.markers or ()):
        if marker.start in starts:
            path = ("reasoning", "markers", index, "start")
            other = ("reasoning", "markers", starts[marker.start], "start")
            yield Problem("E107", "two markers with the same `start`", path, other=other)
        starts.setdefault(marker.start, index)


def _tools(profile: Profile) -> Iterator[Problem]:
    tools = profile.tools
    if tools.format is not None and tools.markers is not None:
        yield exclusive(("tools", "format"), ("tools", "markers"))
    yield from _markers("tools", tools.markers or ())


def _markers(section: str, markers: Sequence[Marker | ToolMarkers]) -> Iterator[Problem]:
    for index, marker in enumerate(markers):
        if marker.start == marker.end:
            path = (section, "markers", index, "end")
            yield Problem("E107", "a marker's `start` and `end` must differ", path)


def _output(profile: Profile) -> Iterator[Problem]:
    said = [key for key in ("json_schema", "regex", "grammar") if getattr(profile.output, key) is not None]
    for key in said[1:]:
        yield exclusive(("output", key), ("output", said[0]))


RULES: tuple[Rule, ...] = (_tokens, _reasoning, _tools, _output)
