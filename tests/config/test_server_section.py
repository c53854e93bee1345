"""API keys, CORS and limits in profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.config import InvalidProfile, resolve
from mlxk.config.values import plain


def write(folder: Path, server: str) -> Path:
    path = folder / "p.yaml"
    path.write_text(f"mlxk: 1\nmodel: builtin:demo\nserver: {server}\n")
    return path


def test_keys_open_the_server_to_the_network(tmp_path: Path) -> None:
    path = write(tmp_path, "{listen: '0.0.0.0:8080', api_keys: ['${env:A}', {name: ci, key: '${env:B}'}]}")
    resolved = resolve(path, environ={"A": "123", "B": "0456"}, isolated=True)
    first, second = resolved.profile.server.api_keys
    assert first == "123"
    assert not isinstance(second, str)
    assert (second.name, second.key) == ("ci", "0456")
    with pytest.raises(InvalidProfile, match="no API keys"):
        resolve(write(tmp_path, "{listen: '0.0.0.0:8080'}"), environ={}, isolated=True)


def test_keys_are_never_shown(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "{api_keys: [hunter2, {name: ci, key: hunter3}, '${env:A}'], "
        "admin_keys: [hunter5, {name: a, key: hunter6}]}",
    )
    resolved = resolve(path, environ={"A": "hunter4"}, isolated=True)
    shown = [
        str(plain(resolved.tree, shown=True)),
        repr(resolved),
        *(str(plain(link.value, shown=True)) for link in resolved.chain("server.api_keys")),
        *(str(plain(link.value, shown=True)) for link in resolved.chain("server.admin_keys")),
    ]
    assert not any("hunter" in text for text in shown)
    assert "${env:A}" in shown[0]


@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("{api_keys: ['two words']}", "printable ASCII"),
        ("{api_keys: ['']}", "must not be empty"),
        ("{api_keys: [{name: a, key: b}, {name: a, key: c}]}", "two API keys"),
        ("{api_keys: [{name: a, kez: b}]}", "unknown key `kez`"),
        ("{admin_keys: ['two words']}", "printable ASCII"),
        ("{admin_keys: [{name: a, key: b, limits: {queue: 1}}]}", "unknown key in server.admin_keys[0]"),
        ("{api_keys: [{name: a, key: b}], admin_keys: [b]}", "must not be one of clients"),
        ("{api_keys: [12]}", "must be text"),
        ("{pull: [qwen3]}", "named org/name"),
        ("{pull: ['*', 'a/b/c']}", "named org/name"),
        ("{cors: ['chat.example.org']}", "an origin must be"),
        ("{cors: ['https://a/path']}", "an origin must be"),
        ("{limits: {body: 1}}", "at least 1024"),
        ("{limits: {queue: 0}}", "at least 1"),
        ("{drain: -1}", "at least 0"),
    ],
)
def test_what_is_wrong(tmp_path: Path, server: str, part: str) -> None:
    with pytest.raises(InvalidProfile) as caught:
        resolve(write(tmp_path, server), environ={}, isolated=True)
    assert part in str(caught.value)


def test_files_are_beside_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    (tmp_path / "key.pem").touch()
    path = write(tmp_path, "{listen: 'unix:./run/mlxk.sock', tls: {certificate: cert.pem, key: ./key.pem}}")
    server = resolve(path, environ={}, isolated=True, cwd=Path("/")).profile.server
    assert server.listen == f"unix:{tmp_path}/run/mlxk.sock"
    assert server.tls is not None
    assert (server.tls.certificate, server.tls.key) == (f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem")


def test_a_unix_socket_needs_no_keys_but_a_short_path(tmp_path: Path) -> None:
    resolve(write(tmp_path, "{listen: 'unix:/run/mlxk.sock'}"), environ={}, isolated=True)
    with pytest.raises(InvalidProfile, match="at most 103 bytes"):
        resolve(write(tmp_path, f"{{listen: 'unix:/{'x' * 103}'}}"), environ={}, isolated=True)


def test_certificate_and_key_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="no such certificate file") as caught:
        resolve(write(tmp_path, "{tls: {certificate: cert.pem, key: key.pem}}"), environ={}, isolated=True)
    assert "no such key file" in str(caught.value)


def test_limits_per_key(tmp_path: Path) -> None:
    text = (
        "{limits: {per_key: {concurrency: 4}}, "
        "api_keys: ['${env:A}', {name: ci, key: '${env:A}2', limits: {requests_per_minute: 60}}]}"
    )
    server = resolve(write(tmp_path, text), environ={"A": "abc"}, isolated=True).profile.server
    assert server.limits.per_key.concurrency == 4
    second = server.api_keys[1]
    assert not isinstance(second, str)
    assert second.limits is not None
    assert second.limits.requests_per_minute == 60
    with pytest.raises(InvalidProfile, match="does nothing without"):
        resolve(write(tmp_path, "{limits: {per_key: {concurrency: 4}}}"), environ={}, isolated=True)
