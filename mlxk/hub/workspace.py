"""A model as a folder of one's own: plain files, to be edited, outside of the hub's cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlxk.errors import InsufficientDisk, UsageError
from mlxk.hub.sizes import show

_CHUNK = 8 << 20


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` when the block ends well, and nothing when it does not.

    It does not exist yet. Raises `UsageError` where something is in the way.
    """
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already", hint="name another folder, or remove it")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def clone(source: Path, target: Path, progress: Callable[[int], object]) -> None:
    """Copy a model's files, and what the cache only links to; `progress` is told the bytes written.

    Raises `UsageError` or `InsufficientDisk`.
    """
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not _hidden(path, source)]
    require_room(target, sum(file.stat().st_size for file in files))
    with new_folder(target) as partial:
        for file in files:
            copy = partial / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with file.open("rb") as read, copy.open("wb") as written:
                while chunk := read.read(_CHUNK):
                    written.write(chunk)
                    progress(len(chunk))


def require_room(target: Path, size: int) -> None:
    """Raises `InsufficientDisk` where the disk of a folder to be has no room for so many bytes."""
    existing = next(path for path in target.absolute().parents if path.exists())
    free = shutil.disk_usage(existing).free
    if size > free:
        raise InsufficientDisk(
            f"{target} would take {show(size)}, and {show(free)} are free",
            hint="make room, or name a folder on a larger disk",
        )


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
