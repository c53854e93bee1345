"""What the benches of this folder share: models, the three that are compared, and a load for them.

The three are mlxk's server, `mlx_lm.server`, and mlx-lm's bare `BatchGenerator` loop in a process of its own
without HTTP, text or stops. All stay up during a bench, which gives them the same work in turn, so that
whatever else the machine does hits all of them. Servers get the same requests from the same client: as lean
as it can be, since it shares the machine with what it measures.

A load is a list of streams; each sends its requests one after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# A token each, in the tiny tokenizer.
WORDS = ("quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "how", "are", "you", "today", "tiny")
NAMES = ("bare loop", "mlxk", "mlx_lm.server")


@dataclass(frozen=True, slots=True)
class Request:
    """`tokens` are all generated: the models here never end their turn. `after` so many tokens of others."""

    prompt: str
    tokens: int
    after: int = 0


@dataclass(slots=True)
class Answer:
    """When it was asked, and when each piece came, in seconds of one clock."""

    asked: float
    stamps: list[float] = field(default_factory=list)

    @property
    def first(self) -> float:
        return self.stamps[0] - self.asked

    @property
    def ended(self) -> float:
        return self.stamps[-1]

    def gap(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The longest pause between two pieces, of those that overlap the given time."""
        pairs = itertools.pairwise(self.stamps)
        return max((b - a for a, b in pairs if b > since and a < until), default=0.0)


Load = Sequence[Sequence[Request]]
Run = Callable[[Load], list[list[Answer]]]


def prompt(tokens: int, rng: random.Random, beginning: str = "") -> str:
    """Text that no cache has seen."""
    return beginning + "".join(f" {word}" for word in rng.choices(WORDS, k=tokens))


def tiny(folder: Path) -> Path:
    """A model so small that only overhead shows. It says plain words and never ends its turn."""
    sys.path.insert(0, str(ROOT))
    import mlx.core as mx
    from tokenizers import Tokenizer

    from tests.models import make_llama

    make_llama(folder, layers=1, hidden=32, vocab=1024, context=16384)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    weights = mx.load(str(folder / "model.safetensors"))
    head = weights["lm_head.weight"]
    # A row of zeros is never the likeliest: special tokens, and parts of characters, which show no text.
    shown = [re.fullmatch(r"Ġ?[a-zA-Z]+", tokenizer.id_to_token(token)) for token in range(head.shape[0])]
    weights["lm_head.weight"] = head * mx.array([[1.0 if found else 0.0] for found in shown])
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    return folder


def paced(folder: Path) -> Path:
    """The tiny model on a simulated accelerator with a 5 ms step; see `paced.py`."""
    tiny(folder)
    (folder / "paced.py").write_text((HERE / "paced.py").read_text())
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_file": "paced.py"}))
    return folder


MODELS: Mapping[str, Callable[[Path], Path]] = {"tiny": tiny, "5 ms step": paced}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `run` gives it a load."""

    address: tuple[str, int]
    process: subprocess.Popen[str]
    model: str

    def run(self, load: Load) -> list[list[Answer]]:
        return asyncio.run(_run(self, load))


@contextlib.contextmanager
def mlxk(profile: Path, *flags: str, model: str = "m") -> Iterator[Server]:
    """`mlxk up` with a profile and more flags."""
    command = [sys.executable, "-m", "mlxk", "up", str(profile), "--isolated", "--listen", "127.0.0.1:0"]
    with _process([*command, *flags], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"http://([\d.]+):(\d+)", said)):
            said = process.stderr.readline() or sys.exit("mlxk did not start")
        # A log that nobody reads would stop the server.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Server((found[1], int(found[2])), process, model)


@contextlib.contextmanager
def mlx_lm(folder: Path) -> Iterator[Server]:
    """`mlx_lm.server` with a model's folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = probe.getsockname()[:2]
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(folder), "--port", str(address[1])]
    with _process(
        [*command, "--trust-remote-code", "--log-level", "ERROR"], stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/health", timeout=5).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    sys.exit("mlx_lm.server did not start")
                time.sleep(0.05)
        yield Server(address, process, "default_model")


@contextlib.contextmanager
def bare(folder: Path) -> Iterator[Run]:
    """The bare loop; its prompts are tokenised and framed beforehand."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def ids(request: Request) -> list[int]:
        framed = f"<|im_start|>user\n{request.prompt}<|im_end|>\n<|im_start|>assistant\n"
        return tokenizer.encode(framed, add_special_tokens=False).ids

    def run(load: Load) -> list[list[Answer]]:
        assert process.stdin is not None
        assert process.stdout is not None
        work = [[(ids(asked), asked.tokens, asked.after) for asked in stream] for stream in load]
        print(json.dumps(work), file=process.stdin, flush=True)
        return [[Answer(*answer) for answer in stream] for stream in json.loads(process.stdout.readline())]

    with _process([sys.executable, str(HERE / "bare.py"), str(folder)]) as process:
        yield run


@contextlib.contextmanager
def _process(command: list[str], *, stderr: int | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def profile_of(folder: Path, *, concurrency: int = 32) -> Path:
    """A profile that serves a model's folder as `m`."""
    file = folder / "m.yaml"
    file.write_text(f"mlxk: 1\nmodel: {{path: {folder}}}\nengine: {{concurrency: {concurrency}}}\n")
    return file


@contextlib.contextmanager
def three(folder: Path) -> Iterator[Mapping[str, Run]]:
    """All that are compared, by name, warmed up."""
    trusted = ("--set", "model.trust_remote_code=true")
    with bare(folder) as loop, mlxk(profile_of(folder), *trusted) as ours, mlx_lm(folder) as theirs:
        runs = dict(zip(NAMES, (loop, ours.run, theirs.run), strict=True))
        for run in runs.values():
            rng = random.Random(0)
            for streams in (1, 4):
                run([[Request(prompt(20, rng), 20)] for _ in range(streams)])
        yield runs


@contextlib.contextmanager
def models(wanted: Sequence[str]) -> Iterator[dict[str, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        yield {name: MODELS[name](Path(folder).resolve() / str(index)) for index, name in enumerate(wanted)}


def turns(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Each name once a round, in an order that turns: none always follows the same one."""
    for turn in range(rounds):
        shift = turn % len(names)
        for name in (*names[shift:], *names[:shift]):
            yield turn, name


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return median([a / b for a, b in zip(ours, theirs, strict=True)])


class _Stream(asyncio.Protocol):
    """One request over a connection of its own, until `[DONE]`."""

    def __init__(self, body: bytes, said: Callable[[int], None]) -> None:
        self._body = body
        self._said = said
        self._tail = b""
        self.answer: Answer | None = None
        self.done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.answer = Answer(time.perf_counter())
        transport.write(self._body)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        assert self.answer is not None
        if pieces := len(_CONTENT.findall(data)):
            self.answer.stamps.append(now)
            self._said(pieces)
        self._tail = (self._tail + data)[-600:]
        if b"data: [DONE]" in self._tail:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        found = _TOKENS.search(self._tail)
        if error is not None or found is None or self.answer is None:
            self.done.set_exception(error or ConnectionError(self._tail.decode(errors="replace")))
        else:
            self.done.set_result(self.answer)


_CONTENT = re.compile(rb'"content": ?"[^"]')
_TOKENS = re.compile(rb'"completion_tokens": ?(\d+)')


async def _run(server: Server, load: Load) -> list[list[Answer]]:
    total = 0
    marks = sorted({request.after for stream in load for request in stream if request.after})
    reached = {mark: asyncio.Event() for mark in marks}

    def count(pieces: int) -> None:
        nonlocal total
        total += pieces
        for mark, event in reached.items():
            if total >= mark:
                event.set()

    loop = asyncio.get_running_loop()

    async def one(stream: Sequence[Request]) -> list[Answer]:
        answers = []
        for request in stream:
            if request.after:
                await reached[request.after].wait()
            _, protocol = await loop.create_connection(
                lambda request=request: _Stream(http(server, request), count), *server.address
            )
            answers.append(await protocol.done)
        return answers

    return list(await asyncio.gather(*(one(stream) for stream in load)))


def http(server: Server, request: Request) -> bytes:
    """The request as it goes over the wire."""
    body = json.dumps(
        {
            "model": server.model,
            "messages": [{"role": "user", "content": request.prompt}],
            "max_tokens": request.tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ).encode()
    host, port = server.address
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
