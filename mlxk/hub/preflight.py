"""What the hub says about a model before a byte of its weights is fetched.

`check` raises what nothing can change from here: no such model, no access, the hub out of reach. What
somebody may want in spite of all is an objection of the answer: files that mlx-lm cannot load. How large it
is and what config.json says is told, so that callers hold it against the disk and the memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlxk.errors import InsufficientDisk, ModelUnavailable, UnsupportedModel
from mlxk.hub.files import NEEDED, WEIGHTS, is_one_of, read_json
from mlxk.hub.headers import Tensor
from mlxk.hub.objection import objection as objection_to
from mlxk.hub.sizes import show

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

_AT_ONCE = 8  # requests for headers
_RESERVE = 1 << 30  # bytes of disk that a download leaves free


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that a download brings. `sha256` of large files; `cached` if it is here already."""

    path: str
    size: int
    sha256: str | None
    cached: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """A model on the hub. Sizes in bytes.

    `here`: whether the name means this commit on this machine already. `objection`: why mlx-lm could not load
    it, if so. `patterns` are those that its files match.
    """

    repo: str
    revision: str | None
    commit: str
    files: tuple[RemoteFile, ...]
    here: bool
    objection: UnsupportedModel | None
    config: Mapping[str, Any] = field(repr=False)
    patterns: tuple[str, ...] = NEEDED

    @property
    def reference(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def download_bytes(self) -> int:
        return sum(file.size for file in self.files if not file.cached)

    @property
    def weights_bytes(self) -> int:
        return sum(file.size for file in self.files if is_one_of(file.path, [WEIGHTS]))


def check(
    repo: str,
    revision: str | None,
    *,
    model_types: Collection[str],
    commit: str | None = None,
    patterns: tuple[str, ...] = NEEDED,
) -> Preflight:
    """Ask the hub. `model_types` are those that mlx-lm has code for; `patterns` say which files are needed.

    A `commit` is what the revision shall mean here, whatever it means on the hub. Raises `ModelUnavailable`,
    `AccessDenied` or `HubUnreachable`.
    """
    from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url

    from mlxk.hub.failures import told

    if revision is not None and (revision.startswith("/") or ".." in revision.split("/")):
        # The cache has a file for each name, and the name is its path.
        raise ModelUnavailable(f"`{revision}` is no name of a revision")
    api = HfApi()
    with told(repo, commit or revision):
        info = api.model_info(
            repo, revision=commit or revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
        )
        commit, siblings = str(info.sha), info.siblings or []
        paths = [sibling.rfilename for sibling in siblings]
        if info.gated and paths:
            # The listing is open to all; a file's headers are not.
            get_hf_file_metadata(hf_hub_url(repo, paths[0], revision=commit))
        config = _config(repo, commit) if "config.json" in paths else {}
    files = tuple(
        _remote_file(repo, commit, sibling) for sibling in siblings if is_one_of(sibling.rfilename, patterns)
    )
    objection = objection_to(repo, paths, config, model_types) if WEIGHTS in patterns else None
    here = _is_here(repo, revision, commit)
    return Preflight(repo, revision, commit, files, here, objection, config, patterns)


def tensors(found: Preflight) -> dict[str, Tensor]:
    """All tensors of its weights, from the headers alone: two range requests a file at most.

    Raises `ModelError` for a file that is no safetensors file.
    """
    from huggingface_hub import HfApi

    from mlxk.hub.failures import told

    def header(path: str) -> dict[str, Tensor]:
        with told(found.repo, found.revision):
            listed = HfApi().parse_safetensors_file_metadata(found.repo, path, revision=found.commit).tensors
        return {
            name: Tensor(item.dtype, tuple(item.shape), item.data_offsets[1] - item.data_offsets[0])
            for name, item in listed.items()
        }

    paths = [file.path for file in found.files if is_one_of(file.path, [WEIGHTS])]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return {name: tensor for part in pool.map(header, paths) for name, tensor in part.items()}


def require_disk(wanted: Sequence[Preflight]) -> None:
    """Raises `InsufficientDisk` where the cache's disk has no room for all that is still to be fetched."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    needed = sum(found.download_bytes for found in wanted)
    if needed and needed + _RESERVE > free:
        names = ", ".join(found.reference for found in wanted if found.download_bytes)
        raise InsufficientDisk(
            f"{names}: {show(needed)} more are needed on disk, and {show(free)} are free",
            hint="make room (mlxk list, mlxk rm), or let HF_HOME name a folder on a larger disk",
        )


def _is_here(repo: str, revision: str | None, commit: str) -> bool:
    from huggingface_hub import resolve_revision
    from huggingface_hub.errors import RevisionResolutionError

    try:
        return resolve_revision(repo, revision=revision, local_files_only=True).resolved == commit
    except RevisionResolutionError:
        return False


def _config(repo: str, commit: str) -> dict[str, Any]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    with TemporaryDirectory() as folder, disable_progress_bars():
        return read_json(Path(hf_hub_download(repo, "config.json", revision=commit, local_dir=folder)), repo)


def _remote_file(repo: str, commit: str, sibling: RepoSibling) -> RemoteFile:
    from huggingface_hub import try_to_load_from_cache

    sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
    cached = try_to_load_from_cache(repo, sibling.rfilename, revision=commit)
    # Another revision may have brought the same content; only its name is new then.
    places = (cached if isinstance(cached, str) else None, _blob(repo, sha256 or sibling.blob_id))
    here = any(place and os.path.isfile(place) and os.path.getsize(place) == sibling.size for place in places)
    return RemoteFile(sibling.rfilename, sibling.size or 0, sha256, here)


def _blob(repo: str, name: str | None) -> str | None:
    """Where the cache keeps content that the hub calls so."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=repo, repo_type="model")
    return None if name is None else os.path.join(constants.HF_HUB_CACHE, folder, "blobs", name)
