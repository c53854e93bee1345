"""A text's lines as messages may show them: what stands under `api_keys` is starred out.

This works on the text alone, so that it holds for a file that is no YAML too. Columns stay what they are,
and `${…}` stays: it names a secret and is none.
"""

from __future__ import annotations

import re

# What stands for a secret wherever values are shown.
HIDDEN = "***"

_KEY = re.compile(r"""\bapi[_-]?keys?\+?["']?\s*:""", re.IGNORECASE)
_SHOWN = re.compile(r"(\$\{[^}]*\}?)|[^\s\[\]{},]")


def shown_lines(text: str) -> tuple[str, ...]:
    """The lines of `text`, each as long as it is, without API keys."""
    lines: list[str] = []
    inside: int | None = None  # how far the line with `api_keys:` is indented, while its value goes on
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        key = _KEY.search(line)
        if key is not None:
            inside = indent
            lines.append(line[: key.end()] + _starred(line[key.end() :]))
        elif inside is not None and _goes_on(line, indent, inside):
            lines.append(_starred(line))
        else:
            inside = None
            lines.append(line)
    return tuple(lines)


def _goes_on(line: str, indent: int, inside: int) -> bool:
    """Whether a line still belongs to the value: it is empty, further in, or an item or the end of a list."""
    return not line.strip() or indent > inside or (indent == inside and line.lstrip()[0] in "-]}")


def _starred(text: str) -> str:
    return _SHOWN.sub(lambda match: match[1] or "*", text)
