"""`server`: where it listens, who may ask, and at which paths."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from mlxk.config.notation import UNIX, is_loopback, split_listen
from mlxk.config.origins import KeyPath
from mlxk.config.rules.problem import Problem, Rule
from mlxk.config.schema import KeyLimitsSection, Profile
from mlxk.config.schema.server import AdminKey, ApiKey

# Bytes of a socket's path: 104 on macOS, 108 on Linux, with the zero behind it.
_UNIX_PATH = 103


def _listen(profile: Profile) -> Iterator[Problem]:
    path = ("server", "listen")
    listen = profile.server.listen
    address = split_listen(listen)
    if listen.startswith(UNIX):
        if len(os.fsencode(listen.removeprefix(UNIX))) > _UNIX_PATH:
            message = f"the path of a Unix socket has at most {_UNIX_PATH} bytes"
            yield Problem("E109", message, path, "choose a folder nearer to the root")
    elif address is None:
        message = "`server.listen` must be host:port, with a port from 0 to 65535, or unix:PATH"
        yield Problem("E109", message, path, "such as 127.0.0.1:8080, [::1]:8080 or unix:./mlxk.sock")
    elif not is_loopback(address[0]) and not _has_keys(profile):
        message = "`server.listen` opens the server to the network, and it has no API keys"
        help_text = "listen on 127.0.0.1, or give it `api_keys`"
        yield Problem("E111", message, path, help_text)


def _tls(profile: Profile) -> Iterator[Problem]:
    tls = profile.server.tls
    if tls is None:
        return
    for name, file in (("certificate", tls.certificate), ("key", tls.key)):
        if not os.path.isfile(file):
            yield Problem("E110", f"there is no such {name} file", ("server", "tls", name))


def _per_key(profile: Profile) -> Iterator[Problem]:
    if profile.server.limits.per_key != KeyLimitsSection() and not _has_keys(profile):
        message = "`server.limits.per_key` does nothing without `server.api_keys`"
        yield Problem("E107", message, ("server", "limits", "per_key"), "add `api_keys`, or remove it")


def _has_keys(profile: Profile) -> bool:
    """API keys lift the limit to this machine."""
    return bool(profile.server.api_keys)


def _keys(profile: Profile) -> Iterator[Problem]:
    yield from _key_list("api_keys", profile.server.api_keys)
    yield from _key_list("admin_keys", profile.server.admin_keys)
    clients = [_key(item) for item in profile.server.api_keys]
    for index, item in enumerate(profile.server.admin_keys):
        if _key(item) in clients:
            message = "a key of administrators must not be one of clients"
            other: KeyPath = ("server", "api_keys", clients.index(_key(item)))
            yield Problem("E107", message, ("server", "admin_keys", index), "make another one", other)


def _key_list(name: str, keys: Sequence[str | ApiKey | AdminKey]) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for index, item in enumerate(keys):
        path: KeyPath = ("server", name, index)
        if not re.fullmatch(r"[!-~]+", _key(item)):
            message = "an API key must be printable ASCII without spaces: nothing else can stand in a header"
            yield Problem("E109", message, path)
        if isinstance(item, str):
            continue
        if item.name in names:
            other: KeyPath = ("server", name, names[item.name])
            yield Problem("E107", f"two API keys have the name `{item.name}`", path, other=other)
        names.setdefault(item.name, index)


def _key(item: str | ApiKey | AdminKey) -> str:
    return item if isinstance(item, str) else item.key


def _cors(profile: Profile) -> Iterator[Problem]:
    for index, origin in enumerate(profile.server.cors):
        if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+", origin, re.IGNORECASE):
            message = "an origin must be `*` or scheme://host, with a port if there is one and no path"
            path: KeyPath = ("server", "cors", index)
            yield Problem("E109", message, path, "such as https://chat.example.org")


def _pull(profile: Profile) -> Iterator[Problem]:
    for index, pattern in enumerate(profile.server.pull):
        if pattern != "*" and not re.fullmatch(r"[^\s/]+/[^\s/]+", pattern):
            message = "repositories that clients may download are named org/name, with `*` for any characters"
            yield Problem("E109", message, ("server", "pull", index), "such as mlx-community/*")


def _routes(profile: Profile) -> Iterator[Problem]:
    for route in profile.server.routes:
        if not route.startswith("/") or re.search(r"[\s<>?#]", route):
            message = "a route must be a path that begins with `/`, without spaces, `?`, `#`, `<` and `>`"
            yield Problem("E109", message, ("server", "routes", route))


RULES: tuple[Rule, ...] = (_listen, _tls, _per_key, _routes, _keys, _cors, _pull)
