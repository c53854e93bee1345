"""What a server that nobody asks costs: CPU time of it and its children, after it has answered something.

python examples/bench/idle.py [--seconds N]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import time
from pathlib import Path

from rivals import Request, Server, mlx_lm, mlxk, models, profile_of, prompt


def cpu(pid: int) -> float:
    """Seconds that a process and its children have computed, as Linux counts them."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    family = [
        process for process, parent in map(_pair, listed.stdout.splitlines()) if pid in (process, parent)
    ]
    fields = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in family]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def _pair(line: str) -> tuple[int, int]:
    process, parent = map(int, line.split())
    return process, parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    with (
        models(["tiny"]) as folders,
        mlxk(profile_of(folders["tiny"])) as ours,
        mlx_lm(folders["tiny"]) as theirs,
    ):
        servers: dict[str, Server] = {"mlxk": ours, "mlx_lm.server": theirs}
        for server in servers.values():
            server.run([[Request(prompt(20, random.Random(stream)), 50)] for stream in range(4)])
        time.sleep(2)
        before = {name: cpu(server.process.pid) for name, server in servers.items()}
        time.sleep(arguments.seconds)
        for name, server in servers.items():
            share = (cpu(server.process.pid) - before[name]) / arguments.seconds
            print(f"{name:13} {share:.2%} of one core")


if __name__ == "__main__":
    main()
