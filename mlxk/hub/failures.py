"""What huggingface_hub and the network raise, as errors of this project that say what to do.

`told` is the seam: every call of huggingface_hub stands inside one. The tables are read from the top; more
precise classes stand first.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from huggingface_hub import constants, get_token
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    FileDuplicationError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    IncompleteSnapshotError,
    LocalEntryNotFoundError,
    NotASafetensorsRepoError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    SafetensorsParsingError,
    XetDownloadError,
)

from mlxk.errors import (
    AccessDenied,
    HubUnreachable,
    InsufficientDisk,
    MlxkError,
    ModelError,
    ModelUnavailable,
)

# What the library raises: its own errors, those of the network and the disk, of answers that are no JSON or
# lack what they should have, and of hf_xet, which has none of its own for most of what can go wrong.
CAUGHT = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EntryNotFoundError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    FileDuplicationError,
    NotASafetensorsRepoError,
    RevisionResolutionError,
    SafetensorsParsingError,
    XetDownloadError,
    RuntimeError,
)
LOGIN = "log in: hf auth login, or set HF_TOKEN"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call was about."""

    repo: str
    revision: str | None = None

    @property
    def reference(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo

    @property
    def page(self) -> str:
        """Where people see it."""
        return f"{constants.ENDPOINT}/{self.repo}"


@contextmanager
def told(repo: str, revision: str | None = None) -> Iterator[None]:
    """Whatever the hub's library raises inside becomes a `MlxkError`."""
    try:
        yield
    except CAUGHT as error:
        raise explain(error, Subject(repo, revision)) from error


def explain(error: BaseException, about: Subject) -> MlxkError:
    """The error of this project that tells what `error` means."""
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # The library hides what the hub said behind "not in the cache".
    for kind, build in _BY_CLASS:
        if isinstance(error, kind):
            return build(error, about)
    return ModelError(f"{about.reference}: {_first_line(error)}")


def _gated(error: BaseException, about: Subject) -> MlxkError:
    if get_token() is None:
        return AccessDenied(
            f"{about.repo} is gated: its authors want to know who uses it",
            hint=f"accept its terms at {about.page}, then {LOGIN}",
        )
    return AccessDenied(
        f"{about.repo} is gated, and your account has no access",
        hint=f"ask for it at {about.page}; with a fine-grained token, allow it to read gated repositories",
    )


def _no_repository(error: BaseException, about: Subject) -> MlxkError:
    hint = "check its name; if it is private, " + (
        LOGIN if get_token() is None else "use a token of somebody who may read it"
    )
    return ModelUnavailable(f"there is no model {about.repo} on the hub", hint=hint)


def _no_revision(error: BaseException, about: Subject) -> MlxkError:
    return ModelUnavailable(
        f"{about.repo} has no revision {about.revision}",
        hint=f"its branches and tags: {about.page}/tree/main",
    )


def _no_file(error: BaseException, about: Subject) -> MlxkError:
    return ModelUnavailable(f"{about.reference} lacks a file: {_first_line(error)}")


def _disabled(error: BaseException, about: Subject) -> MlxkError:
    return AccessDenied(f"{about.repo} was disabled by the hub", hint=f"see {about.page}")


def _refused(error: HfHubHTTPError, about: Subject) -> MlxkError:
    return AccessDenied(f"the hub does not accept your token for {about.repo}", hint=LOGIN)


def _too_often(error: HfHubHTTPError, about: Subject) -> MlxkError:
    wait = error.response.headers.get("Retry-After")
    return HubUnreachable(
        "the hub refuses more requests for now (429)",
        hint=f"try again in {wait} seconds" if wait else "try again in a few minutes, or log in",
    )


def _by_status(error: BaseException, about: Subject) -> MlxkError:
    if not isinstance(error, HfHubHTTPError):
        return ModelError(f"{about.reference}: {_first_line(error)}")
    status = error.response.status_code
    if status in _BY_STATUS:
        return _BY_STATUS[status](error, about)
    if status >= 500:
        return HubUnreachable(f"the hub is out of order ({status})", hint="try again later")
    said = error.server_message or _first_line(error)
    return ModelError(f"the hub refused a request about {about.repo} ({status}): {said}")


def _not_a_name(error: BaseException, about: Subject) -> MlxkError:
    return ModelUnavailable(f"`{about.repo}` is not a Hub repository name", hint="it looks like org/name")


def _offline(error: BaseException, about: Subject) -> MlxkError:
    return HubUnreachable("the hub is not asked while offline", hint="unset HF_HUB_OFFLINE")


def _timeout(error: BaseException, about: Subject) -> MlxkError:
    return HubUnreachable(f"{constants.ENDPOINT} does not answer in time", hint="try again later")


def _network(error: BaseException, about: Subject) -> MlxkError:
    return HubUnreachable(
        f"{constants.ENDPOINT} cannot be reached: {_first_line(error)}",
        hint="check the network, then try again",
    )


def _incomplete(error: BaseException, about: Subject) -> MlxkError:
    return ModelUnavailable(
        f"only a part of {about.reference} is on this machine", hint=f"get the rest: {pull_command(about)}"
    )


def _not_here(error: BaseException, about: Subject) -> MlxkError:
    at = f" at {about.revision}" if about.revision else ""
    return ModelUnavailable(
        f"the model `{about.repo}`{at} is not on this machine", hint=f"download it: {pull_command(about)}"
    )


def pull_command(about: Subject) -> str:
    return f"mlxk pull {about.reference}"


def _file_system(error: BaseException, about: Subject) -> MlxkError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return InsufficientDisk(f"no room is left for {about.reference}", hint="make room: mlxk rm MODEL")
    if number is not None:
        return ModelError(f"{about.reference}: {_first_line(error)}")
    return ModelError(
        f"the download of {about.reference} went wrong: {_first_line(error)}", hint="run it again, it resumes"
    )


def _damaged(error: BaseException, about: Subject) -> MlxkError:
    return ModelError(f"{about.reference} has damaged weights on the hub: {_first_line(error)}")


def _store(error: BaseException, about: Subject) -> MlxkError:
    return HubUnreachable(
        f"the hub's Xet store did not give {about.reference}: {_first_line(error)}",
        hint="run it again, what is whole stays; HF_HUB_DISABLE_XET=1 does without that store",
    )


def _nonsense(error: BaseException, about: Subject) -> MlxkError:
    return HubUnreachable(
        f"{constants.ENDPOINT} does not answer as a hub does",
        hint="a network that wants a log-in may stand between; or check HF_ENDPOINT",
    )


_Build = Callable[..., MlxkError]
_BY_STATUS: dict[int, _Build] = {401: _refused, 403: _refused, 429: _too_often}
_BY_CLASS: tuple[tuple[type[BaseException], _Build], ...] = (
    (GatedRepoError, _gated),
    (RepositoryNotFoundError, _no_repository),
    (RevisionNotFoundError, _no_revision),
    (RemoteEntryNotFoundError, _no_file),
    (DisabledRepoError, _disabled),
    (HfHubHTTPError, _by_status),
    (HFValidationError, _not_a_name),
    (OfflineModeIsEnabled, _offline),
    (IncompleteSnapshotError, _incomplete),
    (LocalEntryNotFoundError, _not_here),
    (httpx2.TimeoutException, _timeout),
    (httpx2.HTTPError, _network),
    (httpx2.InvalidURL, _network),
    (SafetensorsParsingError, _damaged),
    (NotASafetensorsRepoError, _damaged),
    (json.JSONDecodeError, _nonsense),
    (KeyError, _nonsense),
    (TypeError, _nonsense),
    (OSError, _file_system),
    (RuntimeError, _store),
)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
