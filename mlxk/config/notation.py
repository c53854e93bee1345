"""How values are written that YAML knows no type for: sizes, parts, times and addresses."""

from __future__ import annotations

import ipaddress
import re

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SECONDS = {"s": 1, "m": 60, "h": 3600}

_NUMBER = r"[0-9]+(\.[0-9]+)?"
# How values are written, as regular expressions: `512MiB`, `75%`, `15m`.
SIZE = rf"{_NUMBER}({'|'.join(_UNITS)})?"
PART = f"{_NUMBER}%"
TIME = f"{_NUMBER}[{''.join(_SECONDS)}]"

# What stands before the path of a Unix socket.
UNIX = "unix:"


def pattern(*forms: str) -> str:
    """For a JSON Schema: a value that is written in one of these forms, or interpolated."""
    return rf"^({'|'.join(forms)}|\$\{{.*)$"


def byte_count(text: str) -> int | None:
    """Bytes of a size such as `512MiB`; `None` if it is none."""
    found = _measured(text, SIZE)
    return None if found is None else int(found[0] * _UNITS.get(found[1], 1))


def percent(text: str) -> float | None:
    """`75%` as 0.75; `None` if it is none."""
    found = _measured(text, PART)
    return None if found is None or not 0 < found[0] <= 100 else found[0] / 100


def seconds(text: str) -> float | None:
    """`15m` in seconds; `None` for anything else, such as `never`."""
    found = _measured(text, TIME)
    return None if found is None else found[0] * _SECONDS[found[1]]


def _measured(text: str, form: str) -> tuple[float, str] | None:
    """A number and its unit."""
    number = re.match(_NUMBER, text)
    if number is None or not re.fullmatch(form, text):
        return None
    return float(number[0]), text[number.end() :]


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
