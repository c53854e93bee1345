"""Files that go with a prompt: each as its name and its text between fences, before the words.

    notes.md:
    ```md
    …
    ```

The fence is longer than any within the text, so that nothing in a file can end it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mlxk.errors import UsageError

_MOST_BYTES = 16 << 20


def with_files(prompt: str, files: Sequence[str]) -> str:
    """The prompt below the files' texts. Raises `UsageError` for a file that cannot be read as text."""
    return "\n\n".join([*map(attachment, files), *([prompt] if prompt.strip() else [])])


def attachment(name: str) -> str:
    """One file as it stands in a prompt."""
    text = read_text(name)
    longest = max((len(run) for run in re.findall(r"^\s*(`{3,})", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    ended = text if text.endswith("\n") or not text else f"{text}\n"
    return f"{name}:\n{fence}{Path(name).suffix[1:]}\n{ended}{fence}"


def read_text(name: str) -> str:
    """The text of a file that a person named."""
    path = Path(name).expanduser()
    try:
        if path.is_file() and path.stat().st_size > _MOST_BYTES:
            raise UsageError(
                f"{name} is larger than {_MOST_BYTES >> 20} MiB", hint="name the part that matters"
            )
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text", hint="only text can go with a prompt") from error
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{name!r} is not the name of a file") from error
