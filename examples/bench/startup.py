"""What starting costs: CPU seconds of the commands that must feel instant, and how often `python -c pass`.

    python examples/bench/startup.py [REPETITIONS]

Each figure is the least of all repetitions, user and system time of the process and its children.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = 300


def cpu_seconds(command: list[str], repetitions: int) -> float:
    return min(_once(command) for _ in range(repetitions))


def _once(command: list[str]) -> float:
    # Shipped profiles read their keys from the environment.
    env = {**os.environ, "STUDIO_KEY": "a-key"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def large_file(folder: Path) -> Path:
    """One server with many models, each with settings of its own."""
    entry = (
        "  m{n}:\n    model: org/model-{n}\n    aliases: [alias-{n}]\n"
        "    sampling: {{temperature: 0.{d}, top_p: 0.9, top_k: {k}}}\n"
        "    tokens: {{context: 8192, max_output: {k}}}\n"
        "    stop: {{tokens: ['<|im_end|>'], sequences: [END]}}\n"
        "    reasoning: {{effort: low}}\n"
    )
    text = "".join(entry.format(n=n, d=n % 10, k=n + 1) for n in range(MODELS))
    file = folder / "large.yaml"
    file.write_text(f"mlxk: 1\nmodels:\n{text}")
    return file


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    shipped = [str(path) for path in sorted((ROOT / "profiles").glob("*.yaml"))]
    mlxk = [sys.executable, "-m", "mlxk"]
    with tempfile.TemporaryDirectory() as folder:
        large = large_file(Path(folder))
        kibibytes = large.stat().st_size // 1024
        commands = {
            "mlxk --help": [*mlxk, "--help"],
            f"mlxk validate, {len(shipped)} shipped profiles": [*mlxk, "validate", *shipped],
            f"mlxk validate, {MODELS} models in {kibibytes} KiB": [*mlxk, "validate", str(large)],
            "mlxk config -p demo": [*mlxk, "config", "-p", "demo"],
        }
        base = cpu_seconds([sys.executable, "-c", "pass"], repetitions)
        print(f"{'python -c pass':<46} {base * 1000:6.0f} ms")
        for name, command in commands.items():
            seconds = cpu_seconds(command, repetitions)
            print(f"{name:<46} {seconds * 1000:6.0f} ms  {seconds / base:5.1f} x")


if __name__ == "__main__":
    main()
