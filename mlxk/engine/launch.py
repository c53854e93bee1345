"""How `mlx.launch`, MLX's own launcher, is asked for the ranks of a group. No mlx here."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlxk.engine.base import Distributed
from mlxk.errors import EngineError

ANY_PORTS = range(20000, 32000)  # below those that systems give to outgoing connections
USUAL_PORT = 32323  # mlx.launch's
ATTEMPTS = 50


class Summons(msgspec.Struct, frozen=True, kw_only=True):
    """What every rank is told first. Addresses are (host, port): where the front listens for the first rank,
    and where the first rank listens for the others. Each rank shows every `heartbeat` seconds that it lives;
    after `freeze` seconds of silence it counts as dead."""

    front: tuple[str, int]
    leader: tuple[str, int]
    token: str
    size: int
    heartbeat: float
    freeze: float


def first_port(config: Distributed) -> int:
    """The first of one port more than there are ranks; the last one is for the first rank's own use."""
    if config.port is not None or config.local < len(config.hosts):
        return config.port or USUAL_PORT
    count = _ring_ports(config) + 1
    for _ in range(ATTEMPTS):
        port = secrets.choice(ANY_PORTS[:-count])
        if all(_is_free(port + index) for index in range(count)):
            return port
    raise EngineError("no free ports for the ranks", hint="say which to use: `engine.distributed.port`")


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def leader_address(config: Distributed, port: int) -> tuple[str, int]:
    first = config.hosts[0]
    return (first.ips[0] if first.ips else first.ssh), port + _ring_ports(config)


def _ring_ports(config: Distributed) -> int:
    """The launcher gives each address a port, one after the other."""
    return sum(len(host.ips) for host in config.hosts)


def command(config: Distributed, port: int, folder: Path) -> Sequence[str]:
    """The launcher's command line, under a guardian's. `folder` takes its files, and those of ranks here."""
    launcher = Path(sysconfig.get_path("scripts"), "mlx.launch")
    if not launcher.is_file():
        raise EngineError(f"{launcher} is missing", hint="install mlx again, in the environment of mlxk")
    options = ("--backend", config.backend, "--starting-port", str(port), "--nccl-port", str(port))
    guardian = (sys.executable, "-I", str(Path(__file__).with_name("guardian.py")), str(folder))
    return (*guardian, str(launcher), *_hosts(config, folder), *options, "--", *_rank(config))


def _hosts(config: Distributed, folder: Path) -> Sequence[str]:
    first, *rest = config.hosts
    if first.here and all(host == first for host in rest):
        # So that ranks with an NVIDIA GPU each get one of their own.
        return "--hosts", "127.0.0.1", "--repeat-hosts", str(len(config.hosts))
    file = folder / "hosts.json"
    file.write_text(json.dumps([msgspec.to_builtins(host) for host in config.hosts]), "utf-8")
    return "--hostfile", str(file)


def _rank(config: Distributed) -> Sequence[str]:
    rank = (config.python or sys.executable, "-P", "-m", "mlxk.engine.rank")
    if config.local < len(config.hosts):
        return rank
    temporary = os.environ.get("TMPDIR")
    usual = ("-u", "TMPDIR") if temporary is None else (f"TMPDIR={temporary}",)
    return ("/usr/bin/env", *usual, *rank)
