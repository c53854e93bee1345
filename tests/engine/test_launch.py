"""What `mlx.launch` is asked for, and who may join a group."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mlxk.engine import launch
from mlxk.engine.base import Distributed, EngineConfig, Host
from mlxk.engine.follower import localized
from mlxk.engine.link import CHUNK
from mlxk.engine.wire import Failure, Hello, Load, Pulse, encode, order_decoder
from mlxk.errors import ModelError
from tests.engine.conftest import HERE

THERE = Host(ssh="studio.local", ips=("10.0.0.2",), rdma=("rdma_en2", None))
FIRST = Host(ssh="127.0.0.1", ips=("10.0.0.1",), rdma=(None, "rdma_en2"))


def test_ranks_on_this_machine(tmp_path: Path) -> None:
    config = Distributed(hosts=(HERE, HERE), backend="nccl")
    port = launch.first_port(config)
    python, _, guardian, folder, *line = launch.command(config, port, tmp_path)
    assert (python, Path(guardian).name, folder) == (sys.executable, "guardian.py", str(tmp_path))
    assert Path(line[0]).name == "mlx.launch"
    assert line[1:5] == ["--hosts", "127.0.0.1", "--repeat-hosts", "2"]
    assert line[5:9] == ["--backend", "nccl", "--starting-port", str(port)]
    assert line[-2:] == ["-m", "mlxk.engine.rank"]
    assert launch.leader_address(config, port) == ("127.0.0.1", port + 2)


def test_ranks_on_two_machines(tmp_path: Path) -> None:
    config = Distributed(hosts=(FIRST, THERE), backend="jaccl", python="/opt/python")
    port = launch.first_port(config)
    line = list(launch.command(config, port, tmp_path))[4:]
    assert port == 32323
    assert line[1] == "--hostfile"
    assert json.loads(Path(line[2]).read_text()) == [
        {"ssh": "127.0.0.1", "ips": ["10.0.0.1"], "rdma": [None, "rdma_en2"]},
        {"ssh": "studio.local", "ips": ["10.0.0.2"], "rdma": ["rdma_en2", None]},
    ]
    assert line[line.index("--") + 1 :] == ["/opt/python", "-P", "-m", "mlxk.engine.rank"]
    assert launch.leader_address(config, port) == ("10.0.0.1", 32325)


def test_a_port_that_was_named() -> None:
    assert launch.first_port(Distributed(hosts=(HERE, HERE), port=4000)) == 4000


LEADER = """
import socket, sys, threading
from mlxk.engine.base import EngineConfig
from mlxk.engine.launch import Summons
from mlxk.engine.leader import Leader

with socket.create_server(("127.0.0.1", 0)) as door:
    here = door.getsockname()
    print(here[1], flush=True)
    config = EngineConfig(model_path="/model", context_length=64)
    summons = Summons(front=here, leader=here, token="secret", size=2, heartbeat=0.1, freeze=1.0)
    Leader(lambda failure: print(failure.message, flush=True)).gather(door, config, summons)
threading.Event().wait()
"""


Leading = tuple[subprocess.Popen[str], tuple[str, int]]


@pytest.fixture
def leader() -> Iterator[Leading]:
    """A first rank that waits for another one, and where it listens."""
    with subprocess.Popen([sys.executable, "-c", LEADER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, ("127.0.0.1", int(process.stdout.readline()))
        process.kill()


def joined(address: tuple[str, int]) -> socket.socket:
    rank = socket.create_connection(address)
    rank.sendall(encode(Hello(1, "secret")))
    decoder = order_decoder()
    orders: list[object] = []
    while not orders:
        orders += [order for order in decoder.feed(rank.recv(CHUNK)) if order != Pulse()]
    assert orders == [Load(EngineConfig(model_path="/model", context_length=64))]
    return rank


def test_strangers_are_sent_away(leader: Leading) -> None:
    process, address = leader
    for said in (b"GET / HTTP/1.1\r\n\r\n", encode(Hello(1, "guess")), b""):
        with socket.create_connection(address) as stranger:
            stranger.sendall(said)
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(1) == b""
    with joined(address):
        pass
    assert process.wait(timeout=5) == 1  # a rank that is gone ends the group


def test_a_rank_that_is_silent_ends_the_group(leader: Leading) -> None:
    process, address = leader
    with joined(address):
        assert process.wait(timeout=5) == 1


def test_why_a_rank_cannot_load_is_told(leader: Leading) -> None:
    process, address = leader
    assert process.stdout is not None
    with joined(address) as rank:
        rank.sendall(encode(Failure.of(ModelError("damaged"))))
        assert process.stdout.readline() == "damaged\n"
    assert process.wait(timeout=5) == 1


def test_a_model_is_found_in_the_cache_of_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "models--org--name" / "snapshots" / "abc"
    mine.mkdir(parents=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    elsewhere = "/Users/other/hub/models--org--name/snapshots/abc"
    config = EngineConfig(model_path=elsewhere, context_length=64)
    assert localized(config).model_path == str(mine)
    same = msgspec.structs.replace(config, model_path=str(mine), tokenizer_path=elsewhere)
    assert localized(same).model_path == localized(same).tokenizer_path == str(mine)
    with pytest.raises(ModelError, match="def is not on "):
        localized(msgspec.structs.replace(config, model_path=elsewhere.replace("abc", "def")))
