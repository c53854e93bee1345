"""The listening socket, bound before any model is loaded, so that a taken port costs nothing.

Three kinds of address: `host:port`, `[ipv6]:port` and `unix:PATH`. A Unix socket belongs to its user alone:
whoever may write to it may use the server.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxk.config.notation import UNIX
from mlxk.errors import AddressInUse, UsageError

BACKLOG = 1024

_ANOTHER = "end it, or choose another one with `server.listen` in the profile or --listen"


@contextmanager
def listening(listen: str) -> Iterator[socket.socket]:
    """The bound socket for as long as the block; a Unix socket's file goes with it."""
    with bind(listen) as sock:
        file = sock.getsockname() if sock.family == socket.AF_UNIX else None
        own = None if file is None else _identity(file)
        try:
            yield sock
        finally:
            # Another server may have come in its place.
            if file is not None and own == _identity(file):
                with suppress(FileNotFoundError):
                    os.unlink(file)


def _identity(path: str) -> tuple[int, int, int] | None:
    """Which file this is; `None` for none. A number alone may soon be another file's."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def bind(listen: str) -> socket.socket:
    """A socket at this address, already listening; port 0 picks a free one.

    Raises `AddressInUse`, or `UsageError` for an address that this machine does not have.
    """
    sock = _bind_unix(listen.removeprefix(UNIX)) if listen.startswith(UNIX) else _bind_tcp(listen)
    sock.setblocking(False)
    return sock


def _bind_tcp(listen: str) -> socket.socket:
    host, port = split(listen)
    try:
        family, kind, protocol, _, address = _resolve(host, port)
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"cannot listen on {listen}: {error.strerror}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Two sockets may share an address until one of them listens.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(f"{listen} is in use by another program", hint=_ANOTHER) from error
        raise UsageError(f"cannot listen on {listen}: {error.strerror}") from error
    return sock


def _bind_unix(path: str) -> socket.socket:
    _remove_dead(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The file is born with these rights: a moment in which others may connect would be one too many.
    before = os.umask(0o177)
    try:
        sock.bind(path)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise UsageError(f"cannot listen on {UNIX}{path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return sock


def _remove_dead(path: str) -> None:
    """Make room where a server that was killed left its socket. Raises `AddressInUse` for a living one."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return
    if not is_socket:
        raise UsageError(f"cannot listen on {UNIX}{path}: there is a file already", hint=_ANOTHER)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError as error:
            raise UsageError(f"cannot listen on {UNIX}{path}: {error.strerror}") from error
        else:
            raise AddressInUse(f"{UNIX}{path} is in use by another program", hint=_ANOTHER)


def split(listen: str) -> tuple[str, int]:
    """`host:port` as its parts, brackets removed; raises `UsageError`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(
            f"{listen!r} is not an address", hint="write it as host:port, like 127.0.0.1:8080, or unix:PATH"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def own_host(listen: str) -> str | None:
    """The host name that clients use; `None` for a Unix socket, which has none."""
    return None if listen.startswith(UNIX) else split(listen)[0]


def url(sock: socket.socket, *, tls: bool = False) -> str:
    """Where clients find the server."""
    if sock.family == socket.AF_UNIX:
        return f"{UNIX}{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{scheme}://{host}:{port}"


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For HTTPS with these PEM files. Raises `UsageError`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password of its own, OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot use the certificate {certificate} with the key {key}: {reason}",
            hint="both are PEM files, belong together, and the key is not encrypted",
        ) from error
    return context


def _resolve(
    host: str, port: int
) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A name like localhost: IPv4 first, which is what clients try that know one family only.
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    family, kind, protocol, name, address = found[0]
    return family, kind, protocol, name, (str(address[0]), int(address[1]), *address[2:])
