"""Who may talk to a server on loopback: programs of this machine, and pages that it serves itself.

A web page can reach 127.0.0.1 by rebinding its own host name; the `Host` header gives it away. A page of
another site gives itself away by its `Origin`. Content types that need no preflight are refused for the
same reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import uuid4

from mlxk.errors import Forbidden, RequestError, UnsupportedMediaType

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Guard:
    """`host` is the one that the server listens on, as configured."""

    def __init__(self, host: str) -> None:
        self._hosts = LOOPBACK_HOSTS | {host.strip("[]").lower()}

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises `RequestError` or `Forbidden`."""
        host = headers.get("host")
        if host is None:
            raise RequestError("The Host header is missing.")
        if _hostname(f"//{host}") not in self._hosts:
            raise Forbidden("This server answers only under its own name, and the Host header says another.")
        origin = headers.get("origin")
        if origin is not None and _hostname(origin) not in self._hosts:
            raise Forbidden("Pages of other sites may not use this server.")


def check_json(headers: Mapping[str, str]) -> None:
    """Raises `UnsupportedMediaType` unless the headers announce plain UTF-8 JSON."""
    media, *parameters = [part.strip().lower() for part in headers.get("content-type", "").split(";")]
    if media != "application/json":
        raise UnsupportedMediaType(
            "The body must be JSON.", hint="Send the header 'Content-Type: application/json'."
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("The body must be encoded as UTF-8.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not supported.")


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own id for this request if it is a sane one, or a new one."""
    said = headers.get("x-request-id", "")
    return said if _SANE_ID.fullmatch(said) else f"req_{uuid4().hex}"


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
