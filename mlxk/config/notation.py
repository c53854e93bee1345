"""How values are written that YAML knows no type for: sizes, parts, times and addresses."""

from __future__ import annotations

import ipaddress
import re

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_UNITS |= {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600}

# What stands before the path of a Unix socket.
UNIX = "unix:"


def byte_count(text: str) -> int | None:
    """Bytes of a size such as `512MiB`; `None` if it is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", text)
    if match is None or match[2] not in _UNITS:
        return None
    return int(float(match[1]) * _UNITS[match[2]])


def percent(text: str) -> float | None:
    """`75%` as 0.75; `None` if it is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)%", text)
    return None if match is None or not 0 < float(match[1]) <= 100 else float(match[1]) / 100


def seconds(text: str) -> float | None:
    """`15m` in seconds; `None` for anything else, such as `never`."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text)
    return None if match is None else float(match[1]) * _SECONDS[match[2]]


def split_listen(listen: str) -> tuple[str, int] | None:
    """Host and port of `host:port` or `[v6]:port`; `None` if it is neither."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or (":" in host) != bracketed or not re.fullmatch(r"[0-9]{1,5}", port):
        return None
    if int(port) > 65535 or re.search(r"[\s/@\[\]]", host):
        return None
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
