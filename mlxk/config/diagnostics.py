"""What is wrong with a profile, where, and what to do about it.

Codes: E0xx the file or its YAML, E1xx the profile's shape and values, E2xx interpolation, E3xx references
between profiles, E4xx the environment and the command line, E5xx what cannot be migrated, E6xx trust; W… are
warnings. A message names keys and expected values; it never quotes a value that came from outside the file,
so it cannot print a secret.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mlxk.config.origins import KeyPath, Origin, dotted
from mlxk.errors import ProfileError

Format = Literal["human", "json", "github"]
Severity = Literal["error", "warning"]

_MAX_SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `path` is the place in the profile, `origin` the place in the text."""

    code: str
    message: str
    origin: Origin | None = None
    help: str | None = None
    notes: tuple[str, ...] = ()
    path: KeyPath = ()

    @property
    def severity(self) -> Severity:
        return "warning" if self.code.startswith("W") else "error"

    @property
    def line(self) -> str:
        """In one line, without the snippet."""
        place = f"{self.origin}: " if self.origin is not None else ""
        return printable(f"{place}{self.message}" + (f" ({self.help})" if self.help else ""))


class InvalidProfile(ProfileError):
    """Profiles with errors; the message is the whole report for people."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(ordered(diagnostics))
        super().__init__(human(self.diagnostics))

    def __reduce__(self) -> tuple[object, ...]:
        return InvalidProfile, (self.diagnostics,)


def printable(text: str) -> str:
    """Lines without what would move a terminal's cursor: a key, or a file's name, may hold anything."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was probably meant to be."""
    names = list(candidates)
    lowered = {name.lower().replace("-", "_"): name for name in names}
    close = difflib.get_close_matches(word.lower().replace("-", "_"), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def suggestion(word: str, candidates: Iterable[str]) -> str | None:
    """`did you mean …?`, or the whole choice where it is short and nothing is near."""
    names = sorted(candidates)
    best = nearest(word, names)
    if best is not None:
        return f"did you mean `{best}`?"
    if 0 < len(names) <= 12:
        return "known here: " + ", ".join(f"`{name}`" for name in names)
    return None


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without repetitions, by file and position; files stay in the order in which they were read."""
    files: dict[str, int] = {}
    unique = list(dict.fromkeys(diagnostics))
    for item in unique:
        files.setdefault(_name(item), len(files))
    return sorted(unique, key=lambda item: (files[_name(item)], *_position(item)))


def _name(item: Diagnostic) -> str:
    return item.origin.name if item.origin is not None else ""


def _position(item: Diagnostic) -> tuple[int, int]:
    return (item.origin.line, item.origin.column) if item.origin is not None else (0, 0)


def human(diagnostics: Iterable[Diagnostic]) -> str:
    """The report with carets, one paragraph for each finding."""
    return printable("\n\n".join(_paragraph(item) for item in ordered(diagnostics)))


def _paragraph(item: Diagnostic) -> str:
    head = f"{item.severity}[{item.code}]: {item.message}"
    origin = item.origin
    if origin is None:
        return "\n".join([head, *_trailer("  ", item, with_help=True)])
    found = snippet(origin)
    if found is None:
        return "\n".join([head, f"  --> {origin}", *_trailer("   ", item, with_help=True)])
    line, column, width = found
    number = str(origin.line)
    gutter = " " * (len(number) + 2)
    help_text = f" help: {item.help}" if item.help else ""
    return "\n".join(
        [
            head,
            f"{gutter[1:]}--> {origin.name}:{origin.line}:{origin.column}",
            f"{gutter}|",
            f" {number} | {line}",
            f"{gutter}| {' ' * (column - 1)}{'^' * width}{help_text}",
            *_trailer(gutter, item, with_help=False),
        ]
    )


def _trailer(gutter: str, item: Diagnostic, *, with_help: bool) -> list[str]:
    lines = [f"{gutter}= help: {item.help}"] if with_help and item.help else []
    return lines + [f"{gutter}= note: {note}" for note in item.notes]


def snippet(origin: Origin) -> tuple[str, int, int] | None:
    """The line as shown, the caret's column in it, and the caret's width."""
    if origin.source is None or not 0 < origin.line <= len(origin.source.lines):
        return None
    line = origin.source.lines[origin.line - 1]
    # A tab would move the carets, and a control character would move the terminal's cursor.
    line = "".join(char if char.isprintable() else " " for char in line)
    start = max(0, origin.column - 1 - _MAX_SNIPPET // 2) if len(line) > _MAX_SNIPPET else 0
    shown = line[start : start + _MAX_SNIPPET]
    column = origin.column - start
    return shown, column, max(1, min(origin.width, len(shown) - column + 1))


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array, one object for each finding."""
    return json.dumps([_object(item) for item in ordered(diagnostics)], indent=2, ensure_ascii=False)


def _object(item: Diagnostic) -> Mapping[str, object]:
    origin = item.origin
    return {
        "code": item.code,
        "severity": item.severity,
        "message": item.message,
        "file": origin.name if origin is not None else None,
        "line": origin.line if origin is not None and origin.line else None,
        "column": origin.column if origin is not None and origin.column else None,
        "end_column": origin.column + origin.width if origin is not None and origin.column else None,
        "path": dotted(item.path) or None,
        "help": item.help,
        "notes": list(item.notes),
    }


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands of GitHub Actions, one line for each finding.

    See https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
    """
    return printable("\n".join(_command(item) for item in ordered(diagnostics)))


def _command(item: Diagnostic) -> str:
    properties: dict[str, object] = {}
    if item.origin is not None:
        properties["file"] = item.origin.name
        if item.origin.line:
            properties["line"] = item.origin.line
            properties["col"] = item.origin.column
            properties["endColumn"] = item.origin.column + item.origin.width
    properties["title"] = f"mlxk {item.code}"
    listed = ",".join(f"{key}={_escape(str(value), True)}" for key, value in properties.items())
    text = item.message if item.help is None else f"{item.message} (help: {item.help})"
    return f"::{item.severity} {listed}::{_escape(text, False)}"


def _escape(text: str, in_property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


FORMATTERS: Mapping[Format, Callable[[Iterable[Diagnostic]], str]] = {
    "human": human,
    "json": as_json,
    "github": github,
}
