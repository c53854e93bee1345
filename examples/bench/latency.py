"""How long others keep a request waiting: mlxk's server, `mlx_lm.server` and the bare `BatchGenerator` loop.

    python examples/bench/latency.py [--streams N] [--newcomer N] [--rounds N] [--model "5 ms step"]

First the time to the first token while `--streams` clients ask one thing after another: of all requests; of
the first ones, which come at once; and of those that come while others run. Then four streams run and a
prompt of `--newcomer` tokens arrives: the longest pause that it causes to any of them, and its own time to
the first token. Medians over the rounds.
"""

from __future__ import annotations

import argparse
import random
import statistics

from rivals import MODELS, NAMES, Load, Request, Run, median, models, prompt, ratio, three, turns

RUNNING = 4
KINDS = (
    "first token, median",
    "first token, p95",
    "first token, all at once, median",
    "first token, all at once, p95",
    "first token, later, median",
    "first token, later, p95",
    "pause by a newcomer",
    "the newcomer's first token",
)


def arrivals(streams: int, rng: random.Random) -> Load:
    """Four requests of each stream, of many lengths, so that later arrivals are spread."""
    return [[Request(prompt(20, rng), rng.randrange(20, 100)) for _ in range(4)] for _ in range(streams)]


def firsts(run: Run, load: Load) -> tuple[float, ...]:
    """Median and 95th percentile of the time to the first token, in milliseconds, in the order of `KINDS`."""
    answers = run(load)
    every = [answer.first * 1e3 for stream in answers for answer in stream]
    at_once = [stream[0].first * 1e3 for stream in answers]
    later = [answer.first * 1e3 for stream in answers for answer in stream[1:]]
    return tuple(f(times) for times in (every, at_once, later) for f in (statistics.median, p95))


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def stall(run: Run, newcomer: int, tokens: int, rng: random.Random) -> tuple[float, float]:
    """The longest pause of the running streams while the newcomer's prompt is processed, and its own wait."""
    load = [[Request(prompt(20, rng), tokens)] for _ in range(RUNNING)]
    load.append([Request(prompt(newcomer, rng), 8, after=RUNNING * 40)])
    *running, (late,) = run(load)
    pauses = [answer.gap(late.asked, late.stamps[0]) for (answer,) in running]
    return max(pauses) * 1e3, late.first * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--newcomer", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", choices=MODELS, nargs="+", default=list(MODELS))
    arguments = parser.parse_args()
    with models(arguments.model) as folders:
        for model, folder in folders.items():
            with three(folder) as runs:
                rng = random.Random(2)
                figures: dict[str, list[tuple[float, ...]]] = {name: [] for name in NAMES}
                for turn, name in turns(NAMES, arguments.rounds):
                    waits = firsts(runs[name], arrivals(arguments.streams, random.Random(turn)))
                    pause = stall(runs[name], arguments.newcomer, arguments.tokens, rng)
                    figures[name].append((*waits, *pause))
                tell(model, figures)


def tell(model: str, figures: dict[str, list[tuple[float, ...]]]) -> None:
    for index, kind in enumerate(KINDS):
        by_name = {name: [row[index] for row in rows] for name, rows in figures.items()}
        said = ", ".join(f"{name} {median(values):7.1f}" for name, values in by_name.items())
        loop, ours, theirs = by_name.values()
        print(
            f"{model:9} {kind}, ms: {said}; mlxk is {ratio(ours, loop):.2f} x the bare loop, "
            f"{ratio(ours, theirs):.3f} x mlx_lm.server",
            flush=True,
        )


if __name__ == "__main__":
    main()
