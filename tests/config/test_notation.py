"""Sizes, parts, times and addresses, as they are written."""

from __future__ import annotations

import pytest

from mlxk.config.notation import byte_count, is_loopback, percent, seconds, split_listen


def test_times() -> None:
    assert [seconds(text) for text in ("15m", "1.5s", "2h")] == [900, 1.5, 7200]
    assert [seconds(text) for text in ("never", "", "15", "m", "-1s", "1 h", "1d")] == [None] * 7


def test_sizes() -> None:
    assert [byte_count(text) for text in ("0", "512B", "1.5KiB", "2GiB", "24GB")] == [
        0,
        512,
        1536,
        2 << 30,
        24 * 10**9,
    ]
    assert [byte_count(text) for text in ("", "GB", "1 GB", "1gb", "-1GB", "75%")] == [None] * 6


def test_parts() -> None:
    assert [percent(text) for text in ("75%", "0.5%", "100%")] == [0.75, 0.005, 1.0]
    assert [percent(text) for text in ("0%", "101%", "75", "%", "24GB")] == [None] * 5


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("::1:80", None),
        ("[127.0.0.1:80", None),
        ("host:65536", None),
        (":80", None),
        ("host:", None),
        ("http://x:80", None),
        ("a b:80", None),
        ("22:22", ("22", 22)),
    ],
)
def test_listen_addresses(listen: str, address: tuple[str, int] | None) -> None:
    assert split_listen(listen) == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LOCALHOST", True)]
    + [
        (host, False)
        for host in ("0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org", "22")
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
