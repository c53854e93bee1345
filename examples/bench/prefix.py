"""What a shared beginning saves: the time to the first token of a prompt whose first tokens are cached.

    python examples/bench/prefix.py [--prefix N] [--rounds N] [--model "5 ms step"]

Each round asks about a text of `--prefix` tokens that nobody has seen, and then something else about it.
"""

from __future__ import annotations

import argparse
import random

from rivals import MODELS, NAMES, Request, Run, median, models, prompt, ratio, three, turns


def first(run: Run, text: str) -> float:
    return run([[Request(text, 4)]])[0][0].first * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefix", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--model", choices=MODELS, nargs="+", default=list(MODELS))
    arguments = parser.parse_args()
    rng = random.Random(3)
    with models(arguments.model) as folders:
        for model, folder in folders.items():
            with three(folder) as runs:
                cold: dict[str, list[float]] = {name: [] for name in NAMES}
                warm: dict[str, list[float]] = {name: [] for name in NAMES}
                for _, name in turns(NAMES, arguments.rounds):
                    document = prompt(arguments.prefix, rng)
                    cold[name].append(first(runs[name], prompt(4, rng, document)))
                    warm[name].append(first(runs[name], prompt(4, rng, document)))
                for name in NAMES:
                    print(
                        f"{model:9} {name:13} cold {median(cold[name]):7.1f} ms, warm "
                        f"{median(warm[name]):6.1f} ms, {ratio(cold[name], warm[name]):5.1f} x",
                        flush=True,
                    )
                loop, ours, theirs = (warm[name] for name in NAMES)
                print(
                    f"{model:9} warm: mlxk is {ratio(ours, loop):.2f} x the bare loop, "
                    f"{ratio(ours, theirs):.2f} x mlx_lm.server",
                    flush=True,
                )


if __name__ == "__main__":
    main()
