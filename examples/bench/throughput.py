"""Decoding speed and the stall that a newcomer causes: `ThreadEngine`, `ProcessEngine`, mlx-lm's generator.

    python examples/bench/throughput.py FOLDER [--streams N] [--tokens N] [--newcomer N]

Prints, for each: tokens per second of all streams together, then, while one stream runs and a prompt of
`--newcomer` tokens arrives, the longest gap between two of its tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path

from mlxk.engine import Engine, EngineConfig, EngineRequest, ProcessEngine, ThreadEngine
from mlxk.engine.base import Tokens
from mlxk.requests import SamplingParams

PROMPT = tuple(range(20, 52))


def request(name: str, prompt: tuple[int, ...], tokens: int) -> EngineRequest:
    return EngineRequest(id=name, prompt=prompt, max_tokens=tokens, sampling=SamplingParams(), stop_tokens=())


async def times(engine: Engine, asked: EngineRequest) -> list[float]:
    """When each token arrived."""
    return [time.perf_counter() async for step in engine.generate(asked) if isinstance(step, Tokens)]


async def measure(
    make: Callable[[EngineConfig], Engine], arguments: argparse.Namespace
) -> tuple[float, float]:
    config = EngineConfig(
        model_path=arguments.folder,
        context_length=1 << 20,
        max_concurrency=arguments.streams + 1,
        prompt_cache_entries=0,
    )
    async with make(config) as engine:
        await times(engine, request("warm", PROMPT, 8))
        began = time.perf_counter()
        names = [str(stream) for stream in range(arguments.streams)]
        await asyncio.gather(*(times(engine, request(name, PROMPT, arguments.tokens)) for name in names))
        speed = arguments.streams * arguments.tokens / (time.perf_counter() - began)
        running = asyncio.create_task(times(engine, request("running", PROMPT, arguments.tokens)))
        await asyncio.sleep(0.05)
        await times(engine, request("newcomer", PROMPT * (arguments.newcomer // len(PROMPT)), 1))
        stamps = await running
    return speed, max(after - before for before, after in itertools.pairwise(stamps))


def stock(arguments: argparse.Namespace) -> float:
    from mlx_lm.generate import BatchGenerator
    from mlx_lm.utils import load_model

    model, _ = load_model(Path(arguments.folder))
    generator = BatchGenerator(model, max_tokens=arguments.tokens, prefill_step_size=512)
    began = time.perf_counter()
    generator.insert([list(PROMPT) for _ in range(arguments.streams)])
    count = 0
    while count < arguments.streams * arguments.tokens:
        count += len(generator.next_generated())
    seconds = time.perf_counter() - began
    generator.close()
    return count / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--newcomer", type=int, default=2000)
    arguments = parser.parse_args()
    arguments.folder = str(Path(arguments.folder).resolve())
    for name, make in {"thread": ThreadEngine, "process": ProcessEngine}.items():
        speed, gap = asyncio.run(measure(make, arguments))
        print(f"{name:12} {speed:8.0f} tokens/s, longest gap {gap * 1e3:6.1f} ms", flush=True)
    print(f"{'mlx-lm, raw':12} {stock(arguments):8.0f} tokens/s")


if __name__ == "__main__":
    main()
