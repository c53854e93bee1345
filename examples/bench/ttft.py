"""Time to the first byte of the answer, whole process: `mlxk run` against `mlx_lm.generate`.

    python examples/bench/ttft.py FOLDER [--prompt TEXT] [--runs N]

Runs the two in turn on one model folder, so that both see the same machine; the first run of each warms the
file cache and is not counted. Prints one line for each run and the medians with their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HEADER = b"==========\n"  # what mlx_lm.generate prints before the answer


def first_byte(command: Sequence[str], header: bytes) -> float:
    """Seconds from the spawn until something after `header` is on stdout; then the process runs on."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as process:
        assert process.stdout is not None
        seen = b""
        while len(seen) <= len(header):
            piece = process.stdout.read(4096)
            if not piece:
                raise SystemExit(f"no answer from: {' '.join(command)}")
            seen += piece
        seconds = time.perf_counter() - began
        while process.stdout.read(65536):
            pass
    if not seen.startswith(header):
        raise SystemExit(f"unexpected output of {' '.join(command)}: {seen!r}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--prompt", default="Hello, who are you?")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    folder = str(Path(arguments.folder).resolve())
    limits = ["--max-tokens", "32"]
    python = sys.executable
    commands = {
        "mlxk run": (
            [python, "-m", "mlxk", "run", folder, arguments.prompt, "--temperature", "0", *limits],
            b"",
        ),
        "mlx_lm.generate": (
            [python, "-m", "mlx_lm", "generate", "--model", folder, "--prompt", arguments.prompt, *limits],
            HEADER,
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(arguments.runs + 1):
        for name, (command, header) in commands.items():
            taken = first_byte(command, header)
            if run:
                seconds[name].append(taken)
                print(f"{run} {name:16} {taken:.3f} s", flush=True)
    ours, theirs = (statistics.median(values) for values in seconds.values())
    print(f"median: mlxk run {ours:.3f} s, mlx_lm.generate {theirs:.3f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
