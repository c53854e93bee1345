"""Standard input as a prompt, and the `-` that stands for it.

cyclopts takes a lone `-` for an option without a name. Before it parses, `-` becomes a word that no command
line can hold.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mlxk.errors import UsageError

STDIN = "\0stdin"


def mark_stdin(tokens: Sequence[str]) -> list[str]:
    """Every `-` that stands alone, as `STDIN`."""
    return [STDIN if word == "-" else word for word in tokens]


def read_stdin() -> str:
    """All of standard input; raises `UsageError` if it is not UTF-8."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"standard input is not UTF-8 text: {error.reason} at byte {error.start}",
            hint="send text, or convert it with iconv",
        ) from error
