"""The listening socket, bound before any model is loaded, so that a taken port costs nothing."""

from __future__ import annotations

import errno
import socket

from mlxk.errors import AddressInUse, UsageError

BACKLOG = 512


def bind(listen: str) -> socket.socket:
    """A TCP socket on `host:port` or `[ipv6]:port`, not yet listening; port 0 picks a free one.

    Raises `AddressInUse`, or `UsageError` for an address that this machine does not have.
    """
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
            raise AddressInUse(
                f"{listen} is in use by another program",
                hint="end it, or choose another port with `server.listen` in the profile or --listen",
            ) from error
        raise UsageError(f"cannot listen on {listen}: {error.strerror}") from error
    sock.setblocking(False)
    return sock


def split(listen: str) -> tuple[str, int]:
    """`host:port` as its parts, brackets removed; raises `UsageError`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(f"{listen!r} is not an address", hint="write it as host:port, like 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def url(sock: socket.socket) -> str:
    """Where clients find the server."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if sock.family == socket.AF_INET6 else f"http://{host}:{port}"


def _resolve(
    host: str, port: int
) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A name like localhost: IPv4 first, which is what clients try that know one family only.
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    family, kind, protocol, name, address = found[0]
    return family, kind, protocol, name, (str(address[0]), int(address[1]), *address[2:])
