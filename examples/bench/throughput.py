"""Tokens per second of all streams: mlxk's server, `mlx_lm.server` and the bare `BatchGenerator` loop.

    python examples/bench/throughput.py [--streams 1 8 32] [--tokens N] [--rounds N] [--model "5 ms step"]

On a tiny model only overhead shows; on the one with a 5 ms step, how much of the device's time is lost.
From the first request to the last token, prompts included; medians over the rounds.
"""

from __future__ import annotations

import argparse
import random

from rivals import MODELS, NAMES, Request, Run, median, models, prompt, ratio, three, turns


def speed(run: Run, streams: int, tokens: int, rng: random.Random) -> float:
    answers = [stream[0] for stream in run([[Request(prompt(20, rng), tokens)] for _ in range(streams)])]
    seconds = max(answer.ended for answer in answers) - min(answer.asked for answer in answers)
    return streams * tokens / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", choices=MODELS, nargs="+", default=list(MODELS))
    arguments = parser.parse_args()
    rng = random.Random(1)
    with models(arguments.model) as folders:
        for model, folder in folders.items():
            with three(folder) as runs:
                for streams in arguments.streams:
                    speeds: dict[str, list[float]] = {name: [] for name in NAMES}
                    for _, name in turns(NAMES, arguments.rounds):
                        speeds[name].append(speed(runs[name], streams, arguments.tokens, rng))
                    said = ", ".join(f"{name} {median(values):7.0f}" for name, values in speeds.items())
                    loop, ours, theirs = speeds.values()
                    print(
                        f"{model:9} {streams:2} streams, tokens/s: {said}; mlxk is {ratio(ours, loop):.2f} x "
                        f"the bare loop, {ratio(ours, theirs):.2f} x mlx_lm.server",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
