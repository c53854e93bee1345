"""Content against the name that the hub gives it: SHA-256 of large files, git's SHA-1 of small ones.

huggingface_hub holds a download's size against the hub's word, not its content; this does. Mirrors that name
files by their plain SHA-1 are believed too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256 = 64

Progress = Callable[[int], object]


def expected(file: Path) -> str | None:
    """The hash that a file of the hub's cache is stored under; `None` for a plain file."""
    try:
        name = Path(os.readlink(file)).name
    except OSError:
        return None
    return name if _DIGEST.fullmatch(name) else None


def matches(file: Path, digest: str, progress: Progress = lambda count: None) -> bool:
    """Whether the content has the hash; reads all of the file, and tells how many bytes it read."""
    if len(digest) == _SHA256:
        hashes = [hashlib.sha256()]
    else:
        # Git hashes a blob's size before its content.
        blob = b"blob %d\0" % file.stat().st_size
        hashes = [hashlib.sha1(start, usedforsecurity=False) for start in (blob, b"")]
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for item in hashes:
                item.update(chunk)
            progress(len(chunk))
    return any(item.hexdigest() == digest for item in hashes)
