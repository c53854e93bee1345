"""Where a server listens: HTTPS, and a Unix socket, both named by the profile."""

from __future__ import annotations

import signal
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.conftest import MLXK, Cli, Serve

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.15, 0.4])
def test_a_server_that_is_ended_while_it_starts_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals, seconds: float
) -> None:
    file = tmp_path / "mlxk.sock"
    command = [*MLXK, "up", "demo", "--listen", f"unix:{file}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, cwd=tmp_path) as process:
        while not file.exists():
            assert process.poll() is None
        time.sleep(seconds)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode in (0, 130, 143)
    assert "Traceback" not in said
    assert not file.exists()
    listed = subprocess.run(["ps", "-axo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(file) not in listed


def test_a_certificate_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "secure.yaml"
    profile.write_text("mlxk: 1\nextends: demo\nserver: {tls: {certificate: cert.pem, key: key.pem}}\n")
    done = cli("up", str(profile))
    assert done.returncode == 1
    assert "there is no such certificate file" in done.stderr
    assert "secure.yaml:3:" in done.stderr
