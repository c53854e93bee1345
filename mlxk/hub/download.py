"""A download in a process of its own: `python -m mlxk.hub.download`, for `mlxk.hub.pull` alone.

huggingface_hub downloads in threads that cannot be stopped; a process can. A branch or tag is moved to the
commit only when all of it is here and checked: until then the name means what it meant before.

It reads one JSON order from standard input, draws bars on stderr if that is a terminal, and ends with one
JSON line on standard output: the folder, or the error. It ignores Ctrl-C, which is its parent's business,
and ends when its parent does.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from huggingface_hub import snapshot_download
from huggingface_hub.file_download import _cache_commit_hash_for_specific_revision
from huggingface_hub.utils.tqdm import disable_progress_bars, tqdm

from mlxk.errors import MlxkError, ModelError
from mlxk.hub import hashes
from mlxk.hub.failures import told
from mlxk.hub.files import NEEDED

# Of the bars that the library draws, the one that counts the bytes that are on disk.
_SHOWN = "huggingface_hub.snapshot_download"
_FORMAT = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} [{rate_fmt}, {remaining} left]"


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer: dict[str, Any] = {"path": str(download(order))}
    except MlxkError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the parent


def download(order: dict[str, Any]) -> Path:
    """Fetch, check, name. `order`: repo, commit, revision, files to check, bytes. Raises `MlxkError`."""
    repo, commit, revision = order["repo"], order["commit"], order["revision"]
    if not sys.stderr.isatty():
        disable_progress_bars()
    # The library's own retries are told as warnings; on a terminal they would tear the bar.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    bar = _bar(repo.rpartition("/")[2], order["bytes"])
    with told(repo, revision):
        folder = Path(
            snapshot_download(
                repo,
                revision=commit,
                allow_patterns=[*NEEDED],
                tqdm_class=bar,
            )
        )
        for shown in bar.shown:
            shown.close()
        _verify(folder, repo, order["files"])
        if revision != commit:
            _cache_commit_hash_for_specific_revision(str(folder.parents[1]), revision or "main", commit)
    return folder


class _Bar(tqdm):
    """The library leaves its bars open; `shown` is what to close."""

    shown: ClassVar[list[tqdm]]


def _bar(name: str, planned: int) -> type[_Bar]:
    """One bar of a known length, instead of three whose lengths grow."""

    class Bar(_Bar):
        shown: ClassVar[list[tqdm]] = []

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if kwargs.get("name") == _SHOWN:
                self.shown.append(self)
            else:
                kwargs["disable"] = True
            kwargs |= {"desc": name, "bar_format": _FORMAT, "total": planned, "leave": False}
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

        def __setattr__(self, key: str, value: object) -> None:
            # The library adds each file's size when its turn comes; all of them are known from the start.
            super().__setattr__(key, planned if key == "total" else value)

        def set_description(self, desc: str | None = None, refresh: bool | None = True) -> None:
            """It stays the model's name."""

        def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
            """The rate stands in the bar's format."""

    return Bar


def _verify(folder: Path, repo: str, paths: list[str]) -> None:
    """Hold what was fetched against the hub's hashes; what differs is removed and told."""
    files = {path: folder / path for path in paths}
    wrong = []
    size = sum(file.stat().st_size for file in files.values())
    with tqdm(  # type: ignore[no-untyped-call]
        total=size, desc="checking", unit="B", unit_scale=True, leave=False, bar_format=_FORMAT, disable=None
    ) as bar:
        for path, file in files.items():
            digest = hashes.expected(file)
            if digest is not None and not hashes.matches(file, digest, bar.update):
                wrong.append(path)
                (file.parent / os.readlink(file)).unlink()
                file.unlink()
    if wrong:
        raise ModelError(
            f"{repo}: {', '.join(wrong)} came with the wrong content; it was removed",
            hint="run it again; if it stays so, the hub or a proxy on the way is broken",
        )


def _end_with_parent() -> None:
    """The parent holds standard input open as long as it lives."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
