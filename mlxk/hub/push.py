"""Sending a model folder to the hub, after a look at who you are and what is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlxk.errors import AccessDenied, ModelError, UsageError
from mlxk.hub.errand import send

_MODULE = "mlxk.hub.upload"


@dataclass(frozen=True, slots=True)
class Push:
    """What would be sent. `exists`: whether the repository is there already. Sizes in bytes."""

    repo: str
    folder: Path
    files: tuple[tuple[str, int], ...]
    private: bool
    exists: bool

    @property
    def size(self) -> int:
        return sum(size for _, size in self.files)

    def send(self, message: str) -> dict[str, Any]:
        """Do it; gives the commit and its url. Raises `MlxkError`."""
        order = {
            "repo": self.repo,
            "folder": str(self.folder),
            "files": [path for path, _ in self.files],
            "private": self.private,
            "message": message,
        }
        return send(_MODULE, order, what=f"the upload of {self.repo}")


def prepare(folder: Path, repo: str, *, public: bool) -> Push:
    """Ask the hub. Private, unless `public`; a repository that exists must be as private as that.

    Raises `AccessDenied`, `HubUnreachable`, or `ModelError` for a public repository that would be private.
    """
    from huggingface_hub import HfApi, constants, get_token
    from huggingface_hub.errors import RepositoryNotFoundError

    from mlxk.hub.failures import LOGIN, told

    if "/" not in repo:
        raise UsageError(f"`{repo}` has no owner", hint="name the repository: you/name")
    if get_token() is None:
        raise AccessDenied("uploading needs a token with the right to write", hint=LOGIN)
    api = HfApi()
    with told(repo):
        api.whoami()
        try:
            private: bool | None = api.model_info(repo, timeout=constants.HF_HUB_ETAG_TIMEOUT).private
        except RepositoryNotFoundError:
            private = None
    if private is False and not public:
        raise ModelError(
            f"{repo} is public already, and everybody would see what you send",
            hint="--public says that this is meant",
        )
    return Push(repo, folder, _files(folder), not public, private is not None)


def _files(folder: Path) -> tuple[tuple[str, int], ...]:
    """All that is not hidden."""
    relative = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    shown = (path for path in relative if not any(part.startswith((".", "__")) for part in path.parts))
    return tuple(sorted((path.as_posix(), (folder / path).stat().st_size) for path in shown))
