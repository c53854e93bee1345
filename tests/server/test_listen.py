from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
import trustme

from mlxk.errors import AddressInUse, UsageError
from mlxk.server.listen import bind, listening, own_host, split, tls_context, url


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


def test_a_unix_socket_is_its_users_own_and_goes_with_the_server(tmp_path: Path) -> None:
    file = tmp_path / "mlxk.sock"
    with listening(f"unix:{file}") as sock:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert url(sock) == f"unix:{file}"
        sock.close()
    assert not file.exists()


def test_the_file_of_a_successor_stays(tmp_path: Path) -> None:
    file = tmp_path / "mlxk.sock"
    with listening(f"unix:{file}") as sock:
        sock.close()
        with listening(f"unix:{file}"):
            pass
        successor = bind(f"unix:{file}")
    assert file.exists()
    successor.close()


def test_a_unix_socket_that_somebody_serves_is_in_use(tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/mlxk.sock"
    with listening(listen), pytest.raises(AddressInUse, match="in use"):
        bind(listen)


def test_a_dead_unix_socket_makes_room(tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/mlxk.sock"
    bind(listen).close()
    with listening(listen) as sock:
        assert url(sock) == listen


def test_no_file_is_overwritten_by_a_unix_socket(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(UsageError, match="there is a file already"):
        bind(f"unix:{file}")
    with pytest.raises(UsageError, match="cannot listen"):
        bind(f"unix:{tmp_path}/no/such/folder.sock")
    assert file.read_text() == "mine"


def test_the_host_of_an_address() -> None:
    assert own_host("[::1]:80") == "::1"
    assert own_host("unix:/x") is None


def test_certificates_that_do_not_work(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    certificate, key, other = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "other.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    assert tls_context(certificate, key).cert_store_stats()
    for wrong in (other, certificate, tmp_path / "none.pem"):
        with pytest.raises(UsageError, match="cannot use the certificate"):
            tls_context(certificate, wrong)
