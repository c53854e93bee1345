"""API keys: who may use the server, by name, without ever telling a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest

from mlxk.errors import Unauthorized


class Keyring:
    """Keys by the name that logs show. Keeps digests only; without keys everybody may come in."""

    def __init__(self, keys: Iterable[tuple[str, str]] = ()) -> None:
        self._digests = tuple((name, _digest(key)) for name, key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def check(self, headers: Mapping[str, str]) -> str | None:
        """The name of the key that a request carries, `None` if none is needed; raises `Unauthorized`.

        Takes the same time for any wrong key: each is compared, and digests are of one length.
        """
        if not self._digests:
            return None
        said = _said(headers)
        if said is None:
            raise Unauthorized(
                "This server wants an API key.", hint="Send it as 'Authorization: Bearer KEY' or 'x-api-key'."
            )
        digest = _digest(said)
        found = [name for name, known in self._digests if compare_digest(known, digest)]
        if not found:
            raise Unauthorized("The API key is not one of this server's.")
        return found[0]


def _said(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
