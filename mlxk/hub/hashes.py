"""Content against the name that the hub gives it: SHA-256 of large files, git's SHA-1 of small ones.

huggingface_hub holds a download's size against the hub's word, not its content; this does.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 20
_NAMES = {40: "sha1", 64: "sha256"}

Progress = Callable[[int], object]


def expected(file: Path) -> str | None:
    """The hash that a file of the hub's cache is stored under; `None` for a plain file."""
    try:
        name = Path(os.readlink(file)).name
    except OSError:
        return None
    return name if len(name) in _NAMES and re.fullmatch(r"[0-9a-f]+", name) else None


def matches(file: Path, digest: str, progress: Progress = lambda count: None) -> bool:
    """Whether the content has the hash; reads all of the file, and tells how many bytes it read."""
    found = hashlib.new(_NAMES[len(digest)], usedforsecurity=False)
    if len(digest) == 40:
        found.update(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            progress(len(chunk))
    return found.hexdigest() == digest
