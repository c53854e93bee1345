"""Who may talk to the server: programs of this machine, or those with a key; pages by their origin.

A web page can reach 127.0.0.1 by rebinding its own host name; the `Host` header gives it away. A page of
another site gives itself away by its `Origin`. Content types that need no preflight are refused for the
same reason, unless no browser can have sent the request: `curl -d` names a form's type, or none, and what
Python's aiohttp is given as text goes as plain text.
Where a key is needed, any host name will do: no page can know the key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

from mlxk.errors import Forbidden, RequestError, UnsupportedMediaType
from mlxk.server.keys import Keyring

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_UNNAMED = ("", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream")
# At least one of these comes with whatever a page makes a browser post.
_OF_BROWSERS = ("origin", "referer", "cookie", "sec-fetch-site", "sec-fetch-mode")
# What pages of allowed origins may read of an answer's headers.
_TOLD = ("x-request-id", "request-id", "x-mlxk-config-hash", "x-mlxk-warning", "retry-after")
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Guard:
    """`host` is the one that the server listens on, as configured; `cors` are origins, or `*`.

    Without a host it listens on a Unix socket, which no page can reach: any name will do.
    """

    def __init__(
        self,
        host: str | None,
        *,
        keys: Keyring | None = None,
        cors: Collection[str] = (),
        admins: Keyring | None = None,
    ) -> None:
        self._any_host = host is None
        self._hosts = LOOPBACK_HOSTS | ({host.strip("[]").lower()} if host else set())
        self._keys = keys or Keyring()
        self._admins = admins or Keyring()
        self._cors = frozenset(origin.lower() for origin in cors)

    @property
    def wants_keys(self) -> bool:
        return bool(self._keys)

    @property
    def has_admins(self) -> bool:
        return bool(self._admins)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises `RequestError` or `Forbidden`."""
        host = headers.get("host")
        if host is None:
            raise RequestError("The Host header is missing.")
        own = _hostname(f"//{host}")
        if own is None or (own not in self._hosts and not self._keys and not self._any_host):
            raise Forbidden("This server answers only under its own name, and the Host header says another.")
        origin = headers.get("origin")
        if origin is not None and not self._knows(origin, own):
            raise Forbidden("Pages of other sites may not use this server.")

    def key_name(self, headers: Mapping[str, str]) -> str | None:
        """Whose request it is, where keys are needed; raises `Unauthorized`."""
        return self._keys.check(headers)

    def admin_name(self, headers: Mapping[str, str]) -> str | None:
        """Which administrator's request it is; raises `Unauthorized`, and `Forbidden` where there is none."""
        if not self._admins:
            raise Forbidden(
                "Administration is switched off: the server has no key for it.",
                hint="Let the profile say `server: {admin_keys: [...]}`.",
            )
        return self._admins.check(headers)

    def writer_name(self, headers: Mapping[str, str]) -> str | None:
        """Whose request to write on the server's disk it is: an administrator's, where there are any.

        Raises `Unauthorized`.
        """
        return (self._admins or self._keys).check(headers)

    def cors(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that let a page of an allowed origin read the answer."""
        if not self._cors:
            return {}
        origin = headers.get("origin", "")
        if not self._allows(origin):
            return {"vary": "origin"}
        return {
            "vary": "origin",
            "access-control-allow-origin": origin,
            "access-control-expose-headers": ", ".join(_TOLD),
        }

    def preflight(self, method: str, headers: Mapping[str, str], methods: Sequence[str]) -> dict[str, str]:
        """The headers that answer a browser's question before a request; empty if it is none to answer."""
        asked = headers.get("access-control-request-method")
        if method != "OPTIONS" or asked is None or not self._allows(headers.get("origin", "")):
            return {}
        wanted = headers.get("access-control-request-headers", "")
        names = [name.strip() for name in wanted.split(",")]
        return {
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": ", ".join(name for name in names if _HEADER.fullmatch(name)),
            "access-control-max-age": "600",
        }

    def _allows(self, origin: str) -> bool:
        return bool(origin) and (origin.lower() in self._cors or "*" in self._cors)

    def _knows(self, origin: str, own: str) -> bool:
        """A page of an allowed origin, of this machine, or of the very name that it asks."""
        name = _hostname(origin)
        return self._allows(origin) or name in self._hosts or (bool(self._keys) and name == own)


def check_json(headers: Mapping[str, str]) -> None:
    """Raises `UnsupportedMediaType` unless the headers announce plain UTF-8 JSON.

    Programs that say nothing better may send it as what their tools call it; pages may not.
    """
    media, *parameters = [part.strip().lower() for part in headers.get("content-type", "").split(";")]
    unnamed = media in _UNNAMED and not any(name in headers for name in _OF_BROWSERS)
    if media != "application/json" and not unnamed:
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
