"""Reasoning for clients that send back nothing of it but a token: opaque to them, and no secret from them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

_MARK = "mlxk1."


def carried(reasoning: str) -> str:
    return _MARK + urlsafe_b64encode(reasoning.encode()).decode()


def opened(carrier: str) -> str | None:
    """The reasoning in it; `None` if it was not made here."""
    if not carrier.startswith(_MARK):
        return None
    try:
        return urlsafe_b64decode(carrier.removeprefix(_MARK).encode("ascii")).decode()
    except (Base64Error, UnicodeError):
        return None
