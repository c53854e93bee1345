"""Whether a model folder is whole: everything that is wrong with it, found without loading it.

Held against each other are the index and the shards, the headers and the files, and, for a snapshot of the
hub, its files and the listing of its repository. Hashing all content is for those who ask (`deep`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlxk.errors import IncompleteModel, ModelError, UnsupportedModel
from mlxk.hub import hashes, headers
from mlxk.hub.facts import check_tokenizer
from mlxk.hub.files import LOADED, NEEDED, is_one_of, read_json
from mlxk.hub.hashes import Progress
from mlxk.hub.headers import Tensor, Tensors
from mlxk.hub.weights import INDEX, weight_files

Verdict = Literal["healthy", "incomplete", "corrupt", "unsupported"]

# Of the findings of a model, the first kind in this order is its verdict.
_VERDICTS: tuple[Verdict, ...] = ("unsupported", "corrupt", "incomplete")
_VERDICT_OF: tuple[tuple[type[ModelError], Verdict], ...] = (
    (IncompleteModel, "incomplete"),
    (UnsupportedModel, "unsupported"),
    (ModelError, "corrupt"),
)
_MORE_JSON = (("tokenizer_config.json", False), ("special_tokens_map.json", False))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps a model from being used."""

    verdict: Verdict
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a folder stands in the hub's cache. `partial` are bytes of downloads that did not end."""

    repo: str
    commit: str
    partial: int = 0


@dataclass(frozen=True, slots=True)
class Examination:
    """What a look at a folder gave; `tensors` are those of its readable weight files."""

    findings: list[Finding]
    tensors: Tensors


def verdict(findings: Collection[Finding]) -> Verdict:
    """In one word."""
    return next((kind for kind in _VERDICTS if any(item.verdict == kind for item in findings)), "healthy")


def check(
    folder: Path,
    name: str,
    *,
    snapshot: Snapshot | None = None,
    model_types: Collection[str] = (),
    deep: bool = False,
    progress: Progress = lambda count: None,
) -> list[Finding]:
    """All findings; none for a healthy model. `model_types` are those that mlx-lm has code for.

    Takes milliseconds, but with `deep` as long as reading every byte; `progress` is told how many were read.
    """
    findings = examine(folder, name, snapshot=snapshot, model_types=model_types).findings
    return [*findings, *_content(folder, progress)] if deep else findings


def examine(
    folder: Path, name: str, *, snapshot: Snapshot | None = None, model_types: Collection[str] = ()
) -> Examination:
    """`check` without reading all bytes, and what it read of the weights meanwhile."""
    shards: dict[str, dict[str, Tensor]] = {}
    findings = [*_listing(folder, snapshot), *_config(folder, name, model_types)]
    findings += [*_weights(folder, name, shards), *_tokenizer(folder, name)]
    tensors = {key: tensor for shard in shards.values() for key, tensor in shard.items()}
    return Examination(list({item.message: item for item in findings}.values()), tensors)


def hashed_bytes(folder: Path) -> int:
    """How much `deep` reads."""
    return sum(file.stat().st_size for file in _files(folder) if hashes.expected(file) is not None)


def _listing(folder: Path, snapshot: Snapshot | None) -> Iterator[Finding]:
    if snapshot is None:
        return
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    again = f"get the rest: mlxk pull {snapshot.repo}"
    try:
        listed = get_cached_repo_tree(snapshot.repo, revision=snapshot.commit)
    except CachedRepoTreeNotFoundError:
        if snapshot.partial:
            yield Finding("incomplete", "a download did not end", again)
        return
    for entry in listed:
        file = folder / entry.path
        if not file.is_file():
            if is_one_of(entry.path, LOADED):
                yield Finding("incomplete", f"{entry.path} is missing", again)
        elif is_one_of(entry.path, NEEDED) and file.stat().st_size != entry.size:
            size = file.stat().st_size
            message = f"{entry.path} has {size:,} bytes instead of {entry.size:,}"
            yield Finding("corrupt", message, f"mlxk rm {snapshot.repo}, then mlxk pull {snapshot.repo}")


def _config(folder: Path, name: str, model_types: Collection[str]) -> Iterator[Finding]:
    for file, required in (("config.json", True), ("generation_config.json", False), *_MORE_JSON):
        try:
            config = read_json(folder / file, name, required=required)
        except ModelError as error:
            yield _finding(error, name)
            continue
        if file == "config.json":
            yield from _architecture(config.get("model_type"), model_types)
        if config.get("model_file") is not None:
            yield Finding("unsupported", "it runs Python code of its own, which a profile must trust")


def _architecture(model_type: object, model_types: Collection[str]) -> Iterator[Finding]:
    if not isinstance(model_type, str):
        yield Finding("unsupported", "config.json has no `model_type`: no language model")
    elif model_types and model_type not in model_types:
        message = f"the installed mlx-lm cannot load the type {model_type}"
        yield Finding("unsupported", message, "a newer one may: pip install -U mlx-lm")


def _weights(folder: Path, name: str, shards: dict[str, dict[str, Tensor]]) -> Iterator[Finding]:
    """Fills `shards` with the tensors of each file that can be read."""
    try:
        files = weight_files(folder, name)
    except ModelError as error:
        yield _finding(error, name)
        files = tuple(sorted(folder.glob("model*.safetensors")))
    for file in files:
        try:
            if file.is_file():
                shards[file.name] = headers.read(file, name)
        except ModelError as error:
            yield _finding(error, name)
    yield from _index(folder, shards)


def _index(folder: Path, shards: Mapping[str, Tensors]) -> Iterator[Finding]:
    """Each tensor that the index promises, in the shard that it names."""
    try:
        weight_map = json.loads((folder / INDEX).read_bytes())["weight_map"]
        promised = {str(tensor): str(shard) for tensor, shard in weight_map.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # There is no index, or it is told as a file that cannot be read.
    lost = [tensor for tensor, shard in promised.items() if shard in shards and tensor not in shards[shard]]
    if lost:
        message = f"{len(lost)} of {len(promised)} tensors are not where the index says, such as {lost[0]}"
        yield Finding("corrupt", message, "pull the model again")


def _tokenizer(folder: Path, name: str) -> Iterator[Finding]:
    try:
        check_tokenizer(folder, name)
        read_json(folder / "tokenizer.json", name)
    except ModelError as error:
        yield _finding(error, name)


def _content(folder: Path, progress: Progress) -> Iterator[Finding]:
    for file in _files(folder):
        digest = hashes.expected(file)
        if digest is not None and not hashes.matches(file, digest, progress):
            message = f"{file.relative_to(folder)} has other content than on the hub"
            yield Finding("corrupt", message, "mlxk rm the model, then mlxk pull it")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _finding(error: ModelError, name: str) -> Finding:
    kind = next(word for error_class, word in _VERDICT_OF if isinstance(error, error_class))
    return Finding(kind, error.message.removeprefix(f"{name}: "), error.hint)
