"""From what people call a model to the folder that holds it.

A reference is `org/name` on the Hugging Face Hub, `org/name@revision`, a short name that one model in the
cache answers to, a folder, or `builtin:NAME` for a model that ships inside this package. Nothing here
downloads: a model that is not on this machine is an error that says how to get it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mlxk.errors import ModelError, ModelUnavailable
from mlxk.hub.files import LOADED

BUILTIN_PREFIX = "builtin:"
_BUILTIN_FOLDER = Path(__file__).parent / "builtin"
_REPO_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
_NAME = re.compile(r"(?P<name>[\w][\w.-]*(?:/[\w][\w.-]*)?)(?:@(?P<revision>[\w][\w./-]*))?")
_CACHED = re.compile(r"models--(?P<org>.+?)--(?P<name>.+)")


def builtin_models() -> tuple[str, ...]:
    """Names of the models that ship with the package."""
    return tuple(sorted(path.name for path in _BUILTIN_FOLDER.iterdir() if (path / "config.json").is_file()))


def locate(reference: str, *, revision: str | None = None, needed: Sequence[str] = LOADED) -> Path:
    """The folder of a model that is on this machine, whole as far as its repository's listing tells:
    all files that match `needed`.

    Raises `ModelUnavailable` with what to do, or `ModelError` for a short name that several models have.
    """
    if reference.startswith(BUILTIN_PREFIX):
        return _locate_builtin(reference.removeprefix(BUILTIN_PREFIX))
    if not is_name(reference):
        return _locate_folder(reference)
    repo, own = split(reference)
    return _locate_cached(full_name(repo), own or revision, needed)


def is_name(reference: str) -> bool:
    """Whether a reference means the hub or its cache: a name that is no folder here and no path to a file."""
    path = Path(reference)
    here = path.is_dir() or (len(path.parts) > 1 and path.is_file())
    return _NAME.fullmatch(reference) is not None and not here


def split(reference: str) -> tuple[str, str | None]:
    """`org/name@revision` in its two parts."""
    match = _NAME.fullmatch(reference)
    return (reference, None) if match is None else (match["name"], match["revision"])


def canonical(reference: str) -> str:
    """A short name as the `org/name` in the cache that it means; anything else as it is."""
    if reference.startswith(BUILTIN_PREFIX) or not is_name(reference):
        return reference
    repo, revision = split(reference)
    full = full_name(repo)
    return f"{full}@{revision}" if revision else full


def full_name(name: str) -> str:
    """`org/name` for a short name that one model in the cache answers to.

    A model answers to its name without the organisation, else to a part of its name, in any case of letters.
    Raises `ModelError` that lists the candidates, or `ModelUnavailable` if there is none.
    """
    if "/" in name:
        return name
    wanted = name.casefold()
    cached = cached_repositories()
    found = [repo for repo in cached if repo.split("/")[1].casefold() == wanted]
    found = found or [repo for repo in cached if wanted in repo.casefold()]
    if not found:
        raise ModelUnavailable(
            f"there is no model folder `{name}`, and no model on this machine is called so",
            hint="name a folder, a Hub repository such as mlx-community/NAME, or builtin:demo; "
            "mlxk list shows what is here",
        )
    if len(found) > 1:
        raise ModelError(f"`{name}` may mean {', '.join(found)}", hint="write the whole name")
    return found[0]


def cached_repositories() -> tuple[str, ...]:
    """`org/name` of every model in the hub's cache, sorted."""
    from huggingface_hub import constants

    folders = Path(constants.HF_HUB_CACHE).glob("models--*")
    return tuple(sorted(filter(None, map(repository_of, folders))))


def repository_of(folder: Path) -> str | None:
    """`org/name` of a folder of the cache: `models--org--name`."""
    match = _CACHED.fullmatch(folder.name)
    return None if match is None else f"{match['org']}/{match['name']}"


def _locate_builtin(name: str) -> Path:
    if name in builtin_models():
        return _BUILTIN_FOLDER / name
    known = ", ".join(BUILTIN_PREFIX + known for known in builtin_models())
    raise ModelUnavailable(f"there is no built-in model `{name}`", hint=f"built in: {known}")


def _locate_folder(reference: str) -> Path:
    folder = Path(reference).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if folder.exists():
        raise ModelUnavailable(
            f"`{reference}` is a file, not a model folder",
            hint="name the folder that holds config.json and model.safetensors",
        )
    raise ModelUnavailable(
        f"there is no model folder `{reference}`",
        hint="name a folder, a Hub repository such as mlx-community/NAME, or builtin:demo",
    )


def _locate_cached(repo: str, revision: str | None, needed: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    from mlxk.hub.failures import told

    with told(repo, revision):
        return Path(
            snapshot_download(repo, revision=revision, local_files_only=True, allow_patterns=[*needed])
        )
