"""Fetching a model that passed its preflight, in a child process, so that Ctrl-C stops it at once.

What is whole stays, so a second pull fetches the rest. Within one run huggingface_hub resumes a file that the
network cut off, in steps of 10 MiB; a file that a stopped process had in hand starts anew, and its remains
are swept away here.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mlxk.hub.errand import Listener, send
from mlxk.hub.preflight import Preflight

_MODULE = "mlxk.hub.download"


def pull(found: Preflight, listener: Listener = lambda said: None) -> Path:
    """Fetch what is not here; gives the folder. Raises `MlxkError`; Ctrl-C ends it within moments.

    `listener` hears several times a second how many bytes are `fetched` and how many `checked`; what it
    raises ends the download.
    """
    order = {
        "repo": found.repo,
        "revision": found.revision,
        "commit": found.commit,
        "files": [file.path for file in found.files if not (found.here and file.cached)],
        "bytes": found.download_bytes,
        "patterns": found.patterns,
    }
    sweep(found.repo)
    try:
        what = f"the download of {found.reference}"
        return Path(send(_MODULE, order, what=what, listener=listener)["path"])
    finally:
        sweep(found.repo)


def sweep(repo: str) -> None:
    """Remove what a stopped download left of a file, unless some process is at it just now."""
    from filelock import FileLock, Timeout
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    cache = Path(constants.HF_HUB_CACHE)
    name = repo_folder_name(repo_id=repo, repo_type="model")
    for partial in (cache / name / "blobs").glob("*.incomplete"):
        lock = cache / ".locks" / name / f"{partial.name.split('.')[0]}.lock"
        with suppress(Timeout, OSError):
            if not lock.parent.exists():
                partial.unlink()
                continue
            with FileLock(lock, timeout=0):
                partial.unlink()
