"""Where a server listens: HTTPS, and a Unix socket, both named by the profile."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import trustme

from tests.e2e.conftest import Cli, Serve

HELLO = {"messages": [{"role": "user", "content": "Hello"}], "stream": True}


def test_https(serve: Serve, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    profile = tmp_path / "secure.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nserver: {tls: {certificate: cert.pem, key: ./key.pem}}\n")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with serve(str(profile)) as server, httpx.Client(verify=context, timeout=60) as client:
        assert server.url.startswith("https://")
        answer = client.post(f"{server.url}/v1/chat/completions", json=HELLO)
        assert answer.text.endswith("data: [DONE]\n\n")
        large = client.post(f"{server.url}/v1/chat/completions", json={**HELLO, "x": "a" * 200_000})
        assert large.status_code == 400


def test_a_unix_socket(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "mlxk.sock"
    with (
        serve("demo", listen="unix:./mlxk.sock", cwd=tmp_path) as server,
        httpx.Client(transport=httpx.HTTPTransport(uds=str(file)), timeout=60) as client,
    ):
        assert server.url == f"unix:{file}"
        answer = client.post("http://mlxk/v1/chat/completions", json=HELLO)
        assert answer.text.endswith("data: [DONE]\n\n")
        assert server.stop() == 0
    assert not file.exists()


def test_a_certificate_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "secure.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nserver: {tls: {certificate: cert.pem, key: key.pem}}\n")
    done = cli("up", str(profile))
    assert done.returncode == 1
    assert "there is no such certificate file" in done.stderr
    assert "secure.yaml:3:" in done.stderr
