"""`POST /api/pull`: what is to be fetched, and the lines that tell of it: https://docs.ollama.com/api/pull.

Names lead to the Hugging Face Hub, with or without its host in front; a tag is a revision there, and `latest`
the newest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from mlxk.errors import MlxkError, RequestError
from mlxk.protocols.base import Json
from mlxk.protocols.ollama.common import KEEP_ALIVE, STREAM_TYPE, NamedBody, error_body, line
from mlxk.protocols.validation import only, refuse, validate

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "Progress", "PullEncoder", "Pulled", "error_body", "parse"]

_NAME = re.compile(
    r"(?:(?:https?://)?(?:hf\.co|huggingface\.co)/)?"
    r"(?P<repo>\w[\w.-]*/\w[\w.-]*)"
    r"(?:[:@](?P<revision>\w[\w.-]*(?:/\w[\w.-]*)*))?",
    re.ASCII,
)
_NEWEST = "latest"
_NO_LOGIN = "The server reaches the hub with a token of its own."


class PullBody(NamedBody):
    stream: bool | None = None
    insecure: Annotated[
        bool | None, only(False, reason="The server's own settings say how it reaches the hub.")
    ] = None
    username: Annotated[None, refuse(_NO_LOGIN)] = None
    password: Annotated[None, refuse(_NO_LOGIN)] = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """`repo` is `org/name`; `revision` a branch, a tag or a commit, `None` for the newest."""

    repo: str
    revision: str | None
    stream: bool = True

    @property
    def reference(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


def parse(body: Json) -> Pulled:
    """Raises `RequestError`."""
    said = validate(PullBody, body)
    match = _NAME.fullmatch(said.called)
    if match is None:
        raise RequestError(
            "It must be a repository of the Hugging Face Hub.", hint="Name one: org/name.", param="model"
        )
    revision = match["revision"]
    return Pulled(match["repo"], None if revision == _NEWEST else revision, said.stream is not False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a commit is fetched, in bytes of all its files. When all are here they are `verified`."""

    commit: str
    completed: int
    total: int
    verifies: bool = False


class PullEncoder:
    """One line for each step. All files of a commit are told as one layer."""

    def __init__(self) -> None:
        self._verifies = False

    def begin(self) -> bytes:
        return line({"status": "pulling manifest"})

    def feed(self, progress: Progress) -> bytes:
        if self._verifies:
            return b""
        self._verifies = progress.verifies
        layer = {
            "status": f"pulling {progress.commit[:12]}",
            "digest": f"sha1:{progress.commit}",
            "total": progress.total,
            "completed": progress.total if progress.verifies else progress.completed,
        }
        return line(layer) + (line({"status": "verifying sha256 digest"}) if progress.verifies else b"")

    def body(self) -> Json:
        """The answer of a request that did not stream."""
        return {"status": "success"}

    def end(self) -> bytes:
        return line(self.body())

    def fail(self, error: MlxkError) -> bytes:
        return line(error_body(error))
