"""The models in the hub's cache: what is here, how much it takes, what goes when one goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlxk.errors import ModelUnavailable
from mlxk.hub import references
from mlxk.hub.health import Snapshot

if TYPE_CHECKING:
    from huggingface_hub import CachedRepoInfo, DeleteCacheStrategy, HFCacheInfo


@dataclass(frozen=True, slots=True)
class CachedModel:
    """One revision of a model in the cache. Sizes in bytes, times in seconds since the epoch.

    `partial` are bytes that downloads of the repository left which did not end. A repository of which no file
    is whole has no `commit`, and its own folder as `path`.
    """

    repo: str
    commit: str
    refs: tuple[str, ...]
    path: Path
    size: int
    last_used: float
    partial: int

    @property
    def reference(self) -> str:
        """What names it: without a revision where that is `main`."""
        if "main" in self.refs or not self.commit:
            return self.repo
        return f"{self.repo}@{self.refs[0] if self.refs else self.commit[:12]}"

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.repo, self.commit, self.partial)


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, and how much of the disk is free then. Nothing that another revision shares is counted."""

    models: tuple[CachedModel, ...]
    freed: int
    _strategy: DeleteCacheStrategy

    def execute(self) -> None:
        """Remove it; raises `OSError` where the system refuses."""
        self._strategy.execute()


def cached_models() -> list[CachedModel]:
    """Every revision of every model in the cache, by name."""
    info = _scan()
    if info is None:
        return []
    found = [model for repo in info.repos if repo.repo_type == "model" for model in _revisions(info, repo)]
    found += _beginnings({model.repo for model in found})
    return sorted(found, key=lambda model: (model.repo.casefold(), model.reference))


def cached_at(folder: Path) -> CachedModel | None:
    """The model whose snapshot a folder is."""
    return next((model for model in cached_models() if model.path == folder), None)


def removal(reference: str) -> Removal:
    """What `mlxk rm` would remove: the revision that is named, or all of the model's.

    Raises `ModelUnavailable` or, for a short name that several models have, `ModelError`.
    """
    name, revision = references.split(reference)
    repo = references.full_name(name)
    info = _scan()
    models = [model for model in cached_models() if model.repo == repo]
    chosen = [model for model in models if revision is None or _is(model, revision)]
    if info is None or not chosen:
        have = ", ".join(model.reference for model in models)
        raise ModelUnavailable(
            f"{reference} is not in the cache", hint=f"there is {have}" if have else "mlxk list shows what is"
        )
    strategy = info.delete_revisions(*(model.commit for model in chosen if model.commit))
    if not chosen[0].commit:
        strategy = replace(strategy, repos=frozenset([chosen[0].path]))
    leftover = chosen[0].partial if len(chosen) == len(models) else 0
    return Removal(tuple(chosen), strategy.expected_freed_size + leftover, strategy)


def in_this_cache(snapshot: Path) -> Path | None:
    """The same snapshot as one in another machine's cache, if this machine's cache has it."""
    from huggingface_hub import constants

    for folder in snapshot.parents:
        if references.repository_of(folder) is not None:
            here = Path(constants.HF_HUB_CACHE, folder.name, snapshot.relative_to(folder))
            return here if here.is_dir() else None
    return None


def _beginnings(known: set[str]) -> list[CachedModel]:
    """Repositories of which a download left something, but no whole file: the library does not list them."""
    from huggingface_hub import constants

    found = []
    for folder in Path(constants.HF_HUB_CACHE).glob("models--*"):
        repo = references.repository_of(folder)
        partial = [file.stat() for file in (folder / "blobs").glob("*.incomplete")]
        if repo is not None and repo not in known and partial:
            size = sum(stat.st_size for stat in partial)
            used = max(stat.st_mtime for stat in partial)
            found.append(CachedModel(repo, "", (), folder, size, used, size))
    return found


def _is(model: CachedModel, revision: str) -> bool:
    return revision in model.refs or (len(revision) >= 7 and model.commit.startswith(revision))


def _scan() -> HFCacheInfo | None:
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        return scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        return None


def _revisions(info: HFCacheInfo, repo: CachedRepoInfo) -> Sequence[CachedModel]:
    partial = sum(
        file.size_on_disk for file in info.incomplete_files if repo.repo_path in file.file_path.parents
    )
    return [
        CachedModel(
            repo=repo.repo_id,
            commit=revision.commit_hash,
            refs=tuple(sorted(revision.refs)),
            path=revision.snapshot_path,
            size=revision.size_on_disk,
            last_used=max((file.blob_last_accessed for file in revision.files), default=repo.last_modified),
            partial=partial,
        )
        for revision in repo.revisions
    ]
