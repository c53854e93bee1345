"""What one client may cost, and how long a server that stops may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlxk.server.quota import KeyLimits

# Bytes. A context of a million tokens is about 5 MB of JSON.
MAX_BODY = 32 << 20
# Seconds of silence after which a comment keeps proxies and clients from giving up.
KEEP_ALIVE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds. `queue` counts generations that run or wait; `stored_*` is for each key.

    `per_key` holds for every API key but those that `named_keys` has.
    """

    max_body: int = MAX_BODY
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    drain_seconds: float = 30.0
    upload_seconds: float = 30.0
    queue: int = 128
    per_key: KeyLimits = field(default_factory=KeyLimits)
    named_keys: Mapping[str, KeyLimits] = field(default_factory=dict)
    stored_responses: int = 1000
    stored_bytes: int = 64 << 20
