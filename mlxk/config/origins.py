"""Where a value came from, and how a place in a profile is named.

A path is a tuple of keys and list positions; people write and read it dotted: `stop.tokens[0]`,
`server.routes."/v1/x.y"`. An origin is what `mlxk config --origin` prints after a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

KeyPath = tuple[str | int, ...]
OriginKind = Literal["default", "model", "file", "env", "set", "flag"]

_SEGMENT = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<index>\d+)\]|(?P<plain>[^.\["]+)')
_PLAIN = re.compile(r'[^.\[\]"]+')


@dataclass(frozen=True, slots=True)
class Source:
    """Text that was read: a file, an environment variable or an argument. `label` is how people see it."""

    label: str
    lines: tuple[str, ...] = field(repr=False)
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """One place: `line` and `column` count from 1, and are 0 where there is no text to point into."""

    kind: OriginKind
    name: str
    line: int = 0
    column: int = 0
    width: int = 1
    source: Source | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.kind == "file" and self.line else self.name

    @property
    def file(self) -> Path | None:
        """The absolute path of the file that holds the value, if a file does."""
        return self.source.path if self.source is not None else None


DEFAULT = Origin("default", "default")


def dotted(path: Sequence[str | int]) -> str:
    """`("stop", "tokens", 0)` as `stop.tokens[0]`."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
            continue
        name = segment if _PLAIN.fullmatch(segment) else _quoted(segment)
        text += f".{name}" if text else name
    return text


def _quoted(segment: str) -> str:
    escaped = segment.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse_dotted(text: str) -> KeyPath:
    """The inverse of `dotted`. Raises `ValueError` for text that names no place."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        if path and text[position] == ".":
            position += 1
        elif path and text[position] != "[":
            raise ValueError(text)
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError(text)
        path.append(_segment(match))
        position = match.end()
    if not path or text.endswith("."):
        raise ValueError(text)
    return tuple(path)


def _segment(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", match["quoted"])
    return match["plain"]
