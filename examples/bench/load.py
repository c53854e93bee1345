"""A server under everything at once: streams, cancels, nonsense, slow readers, and engines that are killed.

    python examples/bench/load.py [--minutes 10] [--streams 32] [--kill-every 60] [--seed N]

Runs `mlxk up` with the embedded model and keeps `--streams` clients busy in every dialect. It fails, with
status 1, if a stream ends neither whole nor with an error in its dialect's form, if a malformed request gets
anything but a 4xx, if there is a 5xx while no engine was being replaced, or if memory, file descriptors,
threads or tasks of the event loop grew. Memory may grow by a tenth between the first and the last fifth of
the time; the engine's is left out, because a killed one begins anew. Before that, large prompts that are
refused fill what the allocator keeps for each thread (`--warm` of them). Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

QUESTIONS = ("Hello", "Why is the sky blue?", "What is 2+2?", "Tell me about yourself.", "Count to five.")
OVER = 5.0  # seconds after an engine is ready again in which an answer may still tell of its death


@dataclass(frozen=True)
class Form:
    """A dialect: its path, a body, and what ends a stream: whole, or with an error."""

    path: str
    body: Callable[[str], dict[str, object]]
    whole: bytes
    failed: tuple[bytes, ...]


def _chat(text: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}]}


FORMS = {
    "chat": Form("/v1/chat/completions", _chat, b"data: [DONE]", (b'data: {"error"',)),
    "completions": Form(
        "/v1/completions",
        lambda text: {"prompt": text, "max_tokens": 200},
        b"data: [DONE]",
        (b'data: {"error"',),
    ),
    "responses": Form(
        "/v1/responses",
        lambda text: {"input": text},
        b"event: response.completed",
        (b"event: error", b"event: response.failed", b"event: response.incomplete"),
    ),
    "messages": Form(
        "/v1/messages",
        lambda text: {**_chat(text), "model": "load", "max_tokens": 200},
        b"event: message_stop",
        (b"event: error",),
    ),
    "ollama chat": Form(
        "/api/chat", lambda text: {**_chat(text), "model": "load"}, b'"done":true', (b'{"error"',)
    ),
    "ollama generate": Form(
        "/api/generate", lambda text: {"prompt": text, "model": "load"}, b'"done":true', (b'{"error"',)
    ),
}
JSON = {"content-type": "application/json"}
LARGE = ("/v1/chat/completions", b'{"messages":[{"role":"user","content":"' + b"x " * 50_000 + b'"}]}')
MALFORMED: tuple[tuple[str, bytes], ...] = (
    ("/v1/chat/completions", b'{"messages":'),
    ("/v1/chat/completions", b'{"messages":[{"role":"wizard","content":"x"}]}'),
    ("/v1/chat/completions", b'{"messages":[{"role":"user","content":"x"}],"model":"none"}'),
    ("/v1/chat/completions", b"[" * 100_000),
    ("/v1/completions", b'{"prompt":5}'),
    ("/v1/responses", b'{"input":"x","previous_response_id":"resp_none"}'),
    ("/v1/messages", b'{"messages":[],"max_tokens":1,"model":"load"}'),
    ("/api/chat", b'{"model":"load","messages":"x"}'),
    ("/api/nothing", b"{}"),
    LARGE,
)


@dataclass
class Run:
    """What happened; `away` are the times at which no engine was there, the last one open while it lasts."""

    client: httpx.AsyncClient
    rng: random.Random
    pid: int
    until: float
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    away: list[list[float]] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)

    def was_away(self, began: float) -> bool:
        return any(end + OVER >= began for _, end in self.away)

    def tell(self, deed: str, outcome: str, problem: str | None = None) -> None:
        self.counts[deed, outcome] += 1
        if problem is not None:
            self.wrong.append(f"{deed}: {problem}")


async def stream(run: Run, name: str, *, cancel: bool = False, slow: bool = False) -> None:
    form, began = FORMS[name], time.monotonic()
    deed = f"{name}{' cancelled' if cancel else ' slowly' if slow else ''}"
    body = {**form.body(run.rng.choice(QUESTIONS)), "stream": True}
    said, left = b"", run.rng.randint(0, 6) if cancel else None
    async with run.client.stream("POST", form.path, json=body) as answer:
        if answer.status_code != 200:
            await answer.aread()
            _refused(run, deed, began, answer)
            return
        async for piece in answer.aiter_raw(64 if slow else None):
            said += piece
            if slow:
                await asyncio.sleep(0.05)
            if left is not None and (left := left - 1) < 0:
                run.tell(deed, "cancelled")
                return
    if form.whole in said:
        run.tell(deed, "whole")
    elif any(mark in said for mark in form.failed):
        problem = None if run.was_away(began) else f"an error while the engine was well: {said[-200:]!r}"
        run.tell(deed, "typed error", problem)
    else:
        run.tell(deed, "broken", f"ended without a word: {said[-200:]!r}")


async def whole(run: Run, name: str) -> None:
    form, began = FORMS[name], time.monotonic()
    body = {**form.body(run.rng.choice(QUESTIONS)), "stream": False}
    answer = await run.client.post(form.path, json=body)
    if answer.status_code == 200:
        run.tell(f"{name} at once", "whole")
    else:
        _refused(run, f"{name} at once", began, answer)


async def warm(run: Run, count: int, streams: int) -> None:
    """Prompts of 50,000 tokens, as many at a time as there are streams."""
    turns = asyncio.Semaphore(streams)

    async def one() -> None:
        async with turns:
            answer = await run.client.post(LARGE[0], content=LARGE[1], headers=JSON)
            run.tell("warming up", str(answer.status_code))

    await asyncio.gather(*(one() for _ in range(count)))


async def malformed(run: Run) -> None:
    path, data = run.rng.choice(MALFORMED)
    answer = await run.client.post(path, content=data, headers=JSON)
    fine = 400 <= answer.status_code < 500 and "error" in answer.json()
    run.tell(
        "malformed", str(answer.status_code), None if fine else f"{path} {data[:60]!r}: {answer.text[:200]}"
    )


def _refused(run: Run, deed: str, began: float, answer: httpx.Response) -> None:
    fine = answer.status_code == 429 or run.was_away(began)
    problem = None if fine and "error" in answer.json() else f"{answer.status_code} {answer.text[:200]}"
    run.tell(deed, str(answer.status_code), problem)


async def worker(run: Run) -> None:
    names = tuple(FORMS)
    while time.monotonic() < run.until:
        name, chance = run.rng.choice(names), run.rng.random()
        try:
            if chance < 0.15:
                await malformed(run)
            elif chance < 0.30:
                await whole(run, name)
            else:
                await stream(run, name, cancel=chance < 0.55, slow=0.55 <= chance < 0.65)
        except httpx.HTTPError as error:
            run.tell(name, "broken", f"the connection broke: {error!r}")


async def killer(run: Run, every: float) -> None:
    """Kill the engine's process now and then, and note until when nothing could be asked of it."""
    while time.monotonic() + every < run.until:
        await asyncio.sleep(every)
        for engine in children(run.pid):
            run.away.append([time.monotonic(), float("inf")])
            os.kill(engine, signal.SIGKILL)
            run.tell("engine", "killed")
            await replaced(run, engine)
            run.away[-1][1] = time.monotonic()


async def replaced(run: Run, engine: int) -> None:
    while True:
        models = (await run.client.get("/health")).json()["models"]
        if children(run.pid) and engine not in children(run.pid) and models[0]["state"] == "ready":
            return
        await asyncio.sleep(0.1)


async def sampler(run: Run, every: float) -> None:
    while time.monotonic() < run.until:
        metrics = (await run.client.get("/metrics")).text
        tasks = re.search(r"^mlxk_event_loop_tasks (\S+)", metrics, re.MULTILINE)
        status = status_of(run.pid)
        run.samples.append(
            {
                "server RSS, MiB": resident(run.pid) / 1024,
                "server threads": int(re.findall(r"Threads:\s+(\d+)", status)[0]),
                "server file descriptors": len(os.listdir(f"/proc/{run.pid}/fd")),
                "event loop tasks": float(tasks[1]) if tasks else float("nan"),
                "engine RSS, MiB": sum(map(resident, children(run.pid))) / 1024,
            }
        )
        await asyncio.sleep(every)


def children(pid: int) -> list[int]:
    return [int(line) for line in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def resident(pid: int) -> int:
    """Kilobytes; none of a process that just ended."""
    with contextlib.suppress(OSError, IndexError):
        return int(re.findall(r"VmRSS:\s+(\d+)", status_of(pid))[0])
    return 0


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Address and process id of a server; its log is kept beside its profile."""
    profile = folder / "load.yaml"
    profile.write_text(
        "mlxk: 1\nextends: demo\nsampling: {temperature: 0.8}\nserver: {limits: {queue: 64}}\n"
    )
    command = (sys.executable, "-m", "mlxk", "up", str(profile), "--isolated", "--listen", "127.0.0.1:0")
    with (folder / "log").open("w+") as log:
        process = await asyncio.create_subprocess_exec(*command, stderr=log)
        try:
            while not (address := re.search(r"at (http://[\d.:]+\d)", (folder / "log").read_text())):
                if process.returncode is not None:
                    sys.exit((folder / "log").read_text())
                await asyncio.sleep(0.1)
            yield address[1], process.pid
        finally:
            process.terminate()
            await process.wait()


def report(run: Run) -> int:
    """Print what happened; the exit status."""
    for (deed, outcome), count in sorted(run.counts.items()):
        print(f"{deed:<26}{outcome:<14}{count:>7}")
    part = max(len(run.samples) // 5, 1)
    print(f"\n{'':<26}{'first fifth':>14}{'last fifth':>14}{'highest':>14}")
    for name in run.samples[0]:
        values = [sample[name] for sample in run.samples]
        # The first sample is taken before anything was asked.
        first, last = statistics.median(values[1 : part + 1]), statistics.median(values[-part:])
        print(f"{name:<26}{first:>14.1f}{last:>14.1f}{max(values):>14.1f}")
        if name.startswith("server RSS") and last > 1.1 * first:
            run.wrong.append(f"{name} grew from {first:.1f} to {last:.1f}")
        elif not name.endswith("MiB") and last > first + 16:
            run.wrong.append(f"{name}: {first:.0f} became {last:.0f}")
    gone = [f"{end - begin:.1f}" for begin, end in run.away]
    print(f"\nseconds without an engine, by kill: {', '.join(gone) or 'none'}")
    print(f"requests: {run.counts.total()}; wrong: {len(run.wrong)}")
    print(*run.wrong[:20], sep="\n")
    return 1 if run.wrong else 0


async def load(said: argparse.Namespace) -> int:
    minutes, streams = said.minutes, said.streams
    limits = httpx.Limits(max_connections=streams + 8)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            server(Path(folder)) as (address, pid),
            httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client,
        ):
            run = Run(client, random.Random(said.seed), pid, 0)
            await warm(run, said.warm, streams)
            run.until = time.monotonic() + 60 * minutes
            every = max(minutes * 60 / 100, 0.5)
            async with asyncio.TaskGroup() as group:
                for job in (
                    killer(run, said.kill_every),
                    sampler(run, every),
                    *[worker(run) for _ in range(streams)],
                ):
                    group.create_task(job)
        log = (Path(folder) / "log").read_text()
        run.wrong += (
            [f"the log has a traceback: {log[log.index('Traceback') :][:1500]}"] if "Traceback" in log else []
        )
        return report(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--kill-every", type=float, default=60, help="seconds")
    parser.add_argument("--warm", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    sys.exit(asyncio.run(load(said)))


if __name__ == "__main__":
    main()
