"""Prompt caches on disk, so that a restarted engine finds what an earlier one had worked out.

One file for each entry, in mlx-lm's own format (safetensors), named by the model's identity and the tokens;
the tokens themselves are in its metadata. Files are private to the user, for they hold what was asked: they
are written under another name and renamed when complete, and the least recently used ones are removed when
all of the folder's are larger than its bound. Several engines may use a folder at the same time.

What cannot be read is told in the log and removed. Nothing here is needed for a right answer.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mlx.core as mx

from mlxk.engine.base import EngineConfig, PromptFolder
from mlxk.engine.entries import ID_BYTES, Cuts, cuttable, packed, shared_tokens
from mlxk.engine.identity import identity
from mlxk.engine.kv import Caches
from mlxk.engine.loader import first_line
from mlxk.errors import ModelError

logger = logging.getLogger(__name__)

_SUFFIX = ".safetensors"
_UNFINISHED = ".writing-"
_STALE_SECONDS = 3600.0  # nobody writes one file for so long
_NAME = re.compile(r"prompt-([0-9a-f]{24})-[0-9a-f]{24}\.safetensors")
_HASH = 24  # characters of a hash in a name


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One entry. `tokens` are 4 bytes each; `cuttable`: it can be cut back, as far as `cuts` allows."""

    path: Path
    tokens: bytes
    cuttable: bool

    @property
    def length(self) -> int:
        return len(self.tokens) // ID_BYTES

    def held(self, known: bytes, cuts: Cuts) -> int:
        """How many of the tokens `known` it has for a prompt that begins with them."""
        common = shared_tokens(self.tokens, known)
        serves = common == self.length or (self.cuttable and cuts(self.length, common))
        return common if serves else 0

    def covers(self, other: PromptFile, cuts: Cuts) -> bool:
        """Whether it can stand for another one."""
        both = self.cuttable and other.cuttable and self != other
        return both and self.tokens.startswith(other.tokens) and cuts(self.length, other.length)

    @property
    def ids(self) -> list[int]:
        return array("I", self.tokens).tolist()


class PromptFiles:
    """The entries of one engine's model, with and without each of its adapters. Owned by one thread."""

    def __init__(self, folder: PromptFolder, caches: Caches, identities: dict[str | None, str]) -> None:
        self._path = Path(folder.path)
        self._max_bytes = folder.max_bytes
        self._caches = caches
        self._identities = identities
        self._known: dict[str, dict[Path, PromptFile]] = {name: {} for name in identities.values()}

    @classmethod
    def open(cls, config: EngineConfig, caches: Caches) -> PromptFiles | None:
        """Make the folder and see what is there; `None` where none is wanted. Raises `ModelError`."""
        folder = config.prompt_folder
        if folder is None:
            return None
        model, names = Path(config.model_path), (None, *config.adapters)
        _check(caches, model.name)
        try:
            Path(folder.path).mkdir(mode=0o700, parents=True, exist_ok=True)
            adapters = [None if name is None else Path(name) for name in names]
            hashes = [identity(model, adapter, config.kv)[:_HASH] for adapter in adapters]
            files = cls(folder, caches, dict(zip(names, hashes, strict=True)))
            files._index()
        except OSError as error:
            raise ModelError(
                f"engine.prompt_cache.path cannot be used: {error}",
                hint="name a folder that you may write to, or leave the key out",
            ) from error
        return files

    def _index(self) -> None:
        for path, _ in self._listed():
            entries = self._known.get(_identity_of(path))
            if entries is not None and (entry := _entry(path)) is not None:
                entries[path] = entry
        for path in self._path.glob(f"{_UNFINISHED}*{_SUFFIX}"):
            if _age(path) > _STALE_SECONDS:
                path.unlink(missing_ok=True)

    def find(self, known: Sequence[int], adapter: str | None) -> tuple[PromptFile, int] | None:
        """The entry that has the most of the tokens `known`, and how many."""
        wanted = packed(known)
        entries = self._known[self._identities[adapter]].values()
        found = max(
            ((entry.held(wanted, self._caches.cuts), entry) for entry in entries),
            key=lambda pair: pair[0],
            default=None,
        )
        return None if found is None or not found[0] else (found[1], found[0])

    def load(self, entry: PromptFile) -> list[Any] | None:
        """An entry's cache, evaluated; `None` if it is gone or cannot be read."""
        from mlx_lm.models.cache import load_prompt_cache

        try:
            cache = self._caches.read_back(load_prompt_cache(str(entry.path)))
            mx.eval([layer.state for layer in cache])
            os.utime(entry.path)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._forget(entry)
            _discard(entry.path, error)
            return None
        return cache

    def write(self, tokens: Sequence[int], cache: list[Any], adapter: str | None) -> None:
        """Add an entry; of those that it can stand for, none stays. What cannot be written is told."""
        can_be_cut = cuttable(cache)
        cache = self._caches.to_write(cache)
        if sum(layer.nbytes for layer in cache) > self._max_bytes:
            return
        name, content = self._identities[adapter], packed(tokens)
        entry = PromptFile(self._path / f"prompt-{name}-{_digest(content)}{_SUFFIX}", content, can_be_cut)
        try:
            self._write(entry, cache)
            for other in list(self._known[name].values()):
                if entry.covers(other, self._caches.cuts):
                    self._remove(other)
            self._known[name][entry.path] = entry
            self._shrink()
        except (OSError, RuntimeError, ValueError) as error:
            logger.warning("a prompt cache cannot be kept on disk: %s", first_line(error))

    def _write(self, entry: PromptFile, cache: list[Any]) -> None:
        from mlx_lm.models.cache import save_prompt_cache

        # Others must not read it: `mkstemp` makes it so, and mlx-lm writes into it.
        handle, name = tempfile.mkstemp(_SUFFIX, _UNFINISHED, self._path)
        os.close(handle)
        metadata = {"tokens": " ".join(map(str, entry.ids)), "cuttable": str(int(entry.cuttable))}
        try:
            save_prompt_cache(name, cache, metadata)
            os.replace(name, entry.path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _shrink(self) -> None:
        """Remove the entries that were not used for longest, of any model, until the bound is kept."""
        listed = sorted(self._listed(), key=lambda item: item[1].st_mtime_ns, reverse=True)
        total = 0
        for path, status in listed:
            total += status.st_size
            if total > self._max_bytes:
                path.unlink(missing_ok=True)
                self._known.get(_identity_of(path), {}).pop(path, None)

    def _listed(self) -> Iterator[tuple[Path, os.stat_result]]:
        """The user's own files that are entries. Whatever else is in the folder is never touched."""
        for path in self._path.iterdir():
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # another engine removed it
            if _NAME.fullmatch(path.name) and status.st_uid == os.geteuid():
                yield path, status

    def _remove(self, entry: PromptFile) -> None:
        self._forget(entry)
        entry.path.unlink(missing_ok=True)

    def _forget(self, entry: PromptFile) -> None:
        self._known[_identity_of(entry.path)].pop(entry.path, None)


def _check(caches: Caches, name: str) -> None:
    from mlx_lm.models import cache

    for layer in caches.to_write(caches.new()):
        kind = type(layer)
        if getattr(cache, kind.__name__, None) is not kind:
            raise ModelError(
                f"{name} cannot use engine.prompt_cache.path: mlx-lm cannot write a {kind.__name__} to disk",
                hint="leave `engine.prompt_cache.path` out for this model",
            )


def _entry(path: Path) -> PromptFile | None:
    try:
        _, metadata = cast(tuple[object, dict[str, str]], mx.load(str(path), return_metadata=True))
        tokens = packed([int(token) for token in metadata["0.tokens"].split()])
        if not path.stem.endswith(_digest(tokens)):
            raise ValueError("its name and its tokens differ")
        return PromptFile(path, tokens, metadata["0.cuttable"] == "1")
    except (RuntimeError, ValueError, KeyError, OverflowError) as error:
        _discard(path, error)
        return None


def _discard(path: Path, error: Exception) -> None:
    if path.exists():
        logger.warning("a prompt cache on disk cannot be read and is removed: %s", first_line(error))
        path.unlink(missing_ok=True)


def _digest(tokens: bytes) -> str:
    return hashlib.sha256(tokens).hexdigest()[:_HASH]


def _identity_of(path: Path) -> str:
    match = _NAME.fullmatch(path.name)
    return "" if match is None else match[1]


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0
