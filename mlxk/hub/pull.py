"""Fetching a model that passed its preflight, in a child process, so that Ctrl-C stops it at once.

What is whole stays, so a second pull fetches the rest. Within one run huggingface_hub resumes a file that the
network cut off, in steps of 10 MiB; a file that a stopped process had in hand starts anew, and its remains
are swept away here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mlxk import errors
from mlxk.errors import MlxkError, ModelError
from mlxk.hub.preflight import Preflight

_MODULE = "mlxk.hub.download"


def pull(found: Preflight) -> Path:
    """Fetch what is not here; gives the folder. Raises `MlxkError`; Ctrl-C ends it within moments."""
    sweep(found.repo)
    child = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
        [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        return _follow(child, found)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        sweep(found.repo)


def _follow(child: subprocess.Popen[str], found: Preflight) -> Path:
    assert child.stdin is not None  # noqa: S101 - both are pipes, as asked for
    assert child.stdout is not None  # noqa: S101
    order = {
        "repo": found.repo,
        "revision": found.revision,
        "commit": found.commit,
        "files": [file.path for file in found.files if not (found.here and file.cached)],
        "bytes": found.download_bytes,
    }
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise ModelError(f"the download of {found.repo} ended by itself", hint="run it again, it resumes")
    answer = json.loads(line)
    if "path" in answer:
        return Path(answer["path"])
    kind = getattr(errors, answer["error"], MlxkError)
    raise kind(answer["message"], hint=answer["hint"])


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
