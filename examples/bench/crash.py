"""What `kill -9` does: of an engine with open streams, and of the server.

    python examples/bench/crash.py [--streams N]

Prints how long each client waited for its error after the engine's death, what `/health` said meanwhile, when
the model answered again, and what was left of a killed server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from rivals import Request, Server, http, mlxk, models, profile_of, prompt


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def alive(pid: int) -> bool:
    """Whether it runs; one that only waits for the system's init to bury it does not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()[:1] not in ("", "Z")


def health(server: Server) -> tuple[int, str]:
    """The status and the model's state."""
    try:
        with urllib.request.urlopen("http://{}:{}/health".format(*server.address), timeout=10) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body)["models"][0]["state"]


async def stream(server: Server, asked: Request, begun: asyncio.Semaphore) -> tuple[float, str]:
    """When the answer broke off, and the error's code."""
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(http(server, asked))
    said = b""
    while b"[DONE]" not in said and (data := await reader.read(65536)):
        if b'"content"' not in said and b'"content"' in data:
            begun.release()
        said = (said + data)[-4000:]
        if b'"error"' in said:
            break
    ended = time.perf_counter()
    writer.close()
    found = re.search(rb'"code": ?"(\w+)"', said)
    return ended, found[1].decode() if found else "no error"


async def broken(server: Server, streams: int) -> float:
    """When the engine was killed."""
    rng, begun = random.Random(4), asyncio.Semaphore(0)
    asked = [Request(prompt(20, rng), 10_000) for _ in range(streams)]
    tasks = [asyncio.create_task(stream(server, one, begun)) for one in asked]
    for _ in tasks:
        await begun.acquire()
    (engine,) = children(server.process.pid)
    killed = time.perf_counter()
    os.kill(engine, signal.SIGKILL)
    ends = [await task for task in tasks]
    waits = sorted((ended - killed) * 1e3 for ended, _ in ends)
    codes = {code: sum(code == other for _, other in ends) for _, code in ends}
    print(f"{streams} streams: errors after {waits[0]:.0f} to {waits[-1]:.0f} ms, {codes}")
    print(f"/health then: {health(server)}")
    return killed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=32)
    arguments = parser.parse_args()
    with models(["tiny"]) as folders, mlxk(profile_of(folders["tiny"])) as server:
        server.run([[Request("hello", 4)]])
        killed = asyncio.run(broken(server, arguments.streams))
        while health(server)[1] != "ready":
            time.sleep(0.02)
        print(f"ready again after {time.perf_counter() - killed:.2f} s")
        server.run([[Request("hello", 4)]])
        engines = children(server.process.pid)
        server.process.kill()
        server.process.wait()
        killed = time.perf_counter()
        while any(map(alive, engines)):
            time.sleep(0.01)
        print(f"server killed: its engine was gone after {(time.perf_counter() - killed) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
