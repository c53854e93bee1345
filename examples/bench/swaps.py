"""Two models behind one server: what alternating between them costs, and what twenty swaps leave behind.

    python examples/bench/swaps.py [--requests N] [--rounds N] [--swaps N]

Copies the embedded model twice, so that there are two sets of weights. First both fit: the same requests to
the two, alternating and grouped, in turn; the ratio of their medians should be 1.1 at the most. Then only one
may be in memory: each request is for the one that is not there, which ends one engine process and starts
another; the memory of the server and its children should end where it began, within 5%.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

BODY = {"messages": [{"role": "user", "content": "Why is the sky blue?"}], "max_tokens": 16}


@contextlib.contextmanager
def server(folder: Path, memory: str) -> Iterator[tuple[httpx.Client, int]]:
    """A running server of the models `a` and `b`, and its process id."""
    weights = Path(__file__).parents[2] / "mlxk" / "hub" / "builtin" / "demo"
    for name in "ab":
        shutil.copytree(weights, folder / name, dirs_exist_ok=True)
    profile = folder / "two.yaml"
    profile.write_text(f"mlxk: 1\nmemory: {memory}\nmodels: {{a: {{model: ./a}}, b: {{model: ./b}}}}\n")
    command = [sys.executable, "-m", "mlxk", "up", str(profile), "--isolated", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        while not (address := re.search(r"http://[\d.:]+\d", said)):
            said = process.stderr.readline() or sys.exit("the server did not start")
        with httpx.Client(base_url=address.group(), timeout=120) as client:
            yield client, process.pid
    finally:
        process.terminate()
        process.communicate()


def ask(client: httpx.Client, model: str) -> None:
    client.post("/v1/chat/completions", json={**BODY, "model": model}).raise_for_status()


def seconds(client: httpx.Client, models: Sequence[str]) -> float:
    began = time.perf_counter()
    for model in models:
        ask(client, model)
    return time.perf_counter() - began


def resident(pid: int) -> int:
    """Kilobytes of a process and its children."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    return sum(rss for process, parent, rss in rows if pid in (process, parent))


def alternating(folder: Path, requests: int, rounds: int) -> None:
    ways = {"alternating": "ab" * requests, "grouped": "a" * requests + "b" * requests}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    with server(folder, "{}") as (client, _):
        for models in ways.values():
            seconds(client, models)
        for _ in range(rounds):
            for name, models in ways.items():
                taken[name].append(seconds(client, models))
    first, second = (statistics.median(times) for times in taken.values())
    print(
        f"both fit: alternating {first:.3f} s, grouped {second:.3f} s, ratio {first / second:.2f}", flush=True
    )


def swapping(folder: Path, swaps: int) -> None:
    with server(folder, "{max_models: 1}") as (client, pid):
        for model in "abab":
            ask(client, model)
        before, times = resident(pid), []
        for swap in range(swaps):
            times.append(seconds(client, "ab"[swap % 2]))
        after = resident(pid)
    print(f"one at a time: a swap with its answer {statistics.median(times):.2f} s (median of {swaps})")
    grown = f"{after / before - 1:+.1%}"
    print(f"memory: {before / 1024:.1f} MiB, after {swaps} swaps {after / 1024:.1f} MiB, {grown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--swaps", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alternating(Path(folder), arguments.requests, arguments.rounds)
        swapping(Path(folder), arguments.swaps)


if __name__ == "__main__":
    main()
