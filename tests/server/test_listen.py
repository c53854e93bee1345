from __future__ import annotations

import socket

import pytest

from mlxk.errors import AddressInUse, UsageError
from mlxk.server.listen import bind, split, url


def test_port_zero_is_a_free_port() -> None:
    with bind("127.0.0.1:0") as sock:
        assert url(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"
        with socket.create_connection(sock.getsockname(), timeout=5):
            pass


def test_localhost_is_ipv4_first() -> None:
    with bind("localhost:0") as sock:
        assert sock.family == socket.AF_INET


def test_address_in_use() -> None:
    with bind("127.0.0.1:0") as sock, pytest.raises(AddressInUse, match="in use") as caught:
        bind(f"127.0.0.1:{sock.getsockname()[1]}")
    assert "server.listen" in (caught.value.hint or "")


@pytest.mark.parametrize("listen", ["", "8080", ":8080", "localhost", "127.0.0.1:x", "127.0.0.1:70000"])
def test_not_an_address(listen: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        bind(listen)


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "no.such.host.invalid:0"])
def test_not_an_address_of_this_machine(listen: str) -> None:
    with pytest.raises(UsageError, match="cannot listen"):
        bind(listen)


def test_ipv6() -> None:
    assert split("[::1]:80") == ("::1", 80)
