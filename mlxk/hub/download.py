"""A download in a process of its own: `python -m mlxk.hub.download`, for `mlxk.hub.pull` alone.

huggingface_hub downloads in threads that cannot be stopped; a process can. A branch or tag is moved to the
commit only when all of it is here and checked: until then the name means what it meant before.

On a terminal it draws bars on stderr. It tells its parent several times a second how far it is.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from huggingface_hub import snapshot_download
from huggingface_hub.file_download import _cache_commit_hash_for_specific_revision
from huggingface_hub.utils.tqdm import disable_progress_bars, tqdm

from mlxk.errors import ModelError
from mlxk.hub import hashes
from mlxk.hub.errand import Order, answer, tell
from mlxk.hub.failures import told

# Of the bars that the library draws, the one that counts the bytes that are on disk.
_SHOWN = "huggingface_hub.snapshot_download"
_BEAT = 0.2  # seconds
_FORMAT = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} [{rate_fmt}, {remaining} left]"


def download(order: Order) -> dict[str, Any]:
    """Fetch, check, name. `order`: repo, commit, revision, patterns, bytes, files to check. Raises
    `MlxkError`.
    """
    repo, commit, revision = order["repo"], order["commit"], order["revision"]
    if not sys.stderr.isatty():
        disable_progress_bars()
    # The library's own retries are told as warnings; on a terminal they would tear the bar.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    so_far = _SoFar()
    bar = _bar(repo.rpartition("/")[2], order["bytes"], so_far)
    with told(repo, revision), _telling(so_far):
        folder = Path(
            snapshot_download(
                repo,
                revision=commit,
                allow_patterns=order["patterns"],
                tqdm_class=bar,
            )
        )
        for shown in bar.shown:
            shown.close()
        _verify(folder, repo, order["files"], so_far)
        if revision != commit:
            _cache_commit_hash_for_specific_revision(str(folder.parents[1]), revision or "main", commit)
    return {"path": str(folder)}


class _SoFar:
    """Bytes. Threads add to it under the lock."""

    def __init__(self) -> None:
        self.fetched = 0
        self.checked = 0
        self._lock = threading.Lock()

    def fetch(self, count: int) -> None:
        with self._lock:
            self.fetched += count

    def check(self, count: int) -> None:
        self.checked += count


@contextmanager
def _telling(so_far: _SoFar) -> Iterator[None]:
    """Tell how far it is, also while nothing comes: a parent that wants no more says so when it is told."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_BEAT):
            tell(fetched=so_far.fetched, checked=so_far.checked)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Bar(tqdm):
    """The library leaves its bars open; `shown` is what to close."""

    shown: ClassVar[list[tqdm]]


def _bar(name: str, planned: int, so_far: _SoFar) -> type[_Bar]:
    """One bar of a known length, instead of three whose lengths grow."""

    class Bar(_Bar):
        shown: ClassVar[list[tqdm]] = []

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts = kwargs.get("name") == _SHOWN
            if self._counts:
                self.shown.append(self)
            else:
                kwargs["disable"] = True
            kwargs |= {"desc": name, "bar_format": _FORMAT, "total": planned, "leave": False}
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

        def __setattr__(self, key: str, value: object) -> None:
            # The library adds each file's size when its turn comes; all of them are known from the start.
            super().__setattr__(key, planned if key == "total" else value)

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts:
                so_far.fetch(int(n or 0))
            drawn: bool | None = super().update(n)
            return drawn

        def set_description(self, desc: str | None = None, refresh: bool | None = True) -> None:
            """It stays the model's name."""

        def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
            """The rate stands in the bar's format."""

    return Bar


def _verify(folder: Path, repo: str, paths: list[str], so_far: _SoFar) -> None:
    """Hold what was fetched against the hub's hashes; what differs is removed and told."""
    files = {path: folder / path for path in paths}
    wrong = []
    size = sum(file.stat().st_size for file in files.values())
    with tqdm(  # type: ignore[no-untyped-call]
        total=size, desc="checking", unit="B", unit_scale=True, leave=False, bar_format=_FORMAT, disable=None
    ) as bar:

        def progress(count: int) -> None:
            bar.update(count)
            so_far.check(count)

        for path, file in files.items():
            digest = hashes.expected(file)
            if digest is not None and not hashes.matches(file, digest, progress):
                wrong.append(path)
                # The cache may link twice: to a blob of the repository, and from there to one of all.
                for path_of in (file.resolve(), file.parent / os.readlink(file), file):
                    path_of.unlink(missing_ok=True)
    if wrong:
        raise ModelError(
            f"{repo}: {', '.join(wrong)} came with the wrong content; it was removed",
            hint="run it again; if it stays so, the hub or a proxy on the way is broken",
        )


if __name__ == "__main__":
    answer(download)
