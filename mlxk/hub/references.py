"""From what a profile calls a model to the folder that holds it.

A reference is `org/name` on the Hugging Face Hub, a folder, or `builtin:NAME` for a model that ships inside
this package. Nothing here downloads: a model that is not on this machine is an error that says how to get it.
"""

from __future__ import annotations

import re
from pathlib import Path

from mlxk.errors import ModelUnavailable

BUILTIN_PREFIX = "builtin:"
_BUILTIN_FOLDER = Path(__file__).parent / "builtin"
_REPO_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


def builtin_models() -> tuple[str, ...]:
    """Names of the models that ship with the package."""
    return tuple(sorted(path.name for path in _BUILTIN_FOLDER.iterdir() if (path / "config.json").is_file()))


def locate(reference: str, *, revision: str | None = None) -> Path:
    """The folder of a model that is on this machine.

    `reference` is a Hub repository, `builtin:NAME`, or a folder; raises `ModelUnavailable` with what to do.
    """
    if reference.startswith(BUILTIN_PREFIX):
        return _locate_builtin(reference.removeprefix(BUILTIN_PREFIX))
    if _REPO_ID.fullmatch(reference) and not Path(reference).expanduser().is_dir():
        return _locate_cached(reference, revision)
    return _locate_folder(reference)


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


def _locate_cached(repo: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    pinned = f" --revision {revision}" if revision else ""
    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise ModelUnavailable(
            f"the model `{repo}`{f' at {revision}' if revision else ''} is not on this machine",
            hint=f"download it with: hf download {repo}{pinned}",
        ) from error
    except HFValidationError as error:
        raise ModelUnavailable(
            f"`{repo}` is not a Hub repository name", hint="it looks like org/name"
        ) from error
