"""Train the network on the corpus: Muon for the matrices, AdamW for the rest, decay to zero.

Batches hold dialogues of about one length, so that hardly any computing goes into padding, and
have one of a few shapes, so that the compiler sees each shape once. Only the assistant's own
tokens are scored. The run resumes from its last checkpoint and saves one every few minutes. With
`--minutes` the schedule follows the clock, so that the decay ends in time however fast it goes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import save_file
from torch import Tensor

from model import ModelConfig, Qwen3

SHAPES = (
    (170, 48), (128, 64), (85, 96), (64, 128), (51, 160), (42, 192), (36, 224), (32, 256),
    (25, 320), (21, 384), (16, 512), (8, 1024),
)  # fmt: skip
"""(dialogues, tokens): about 8,192 positions each."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs of shape (dialogues, length), and where and what to predict in the flattened batch."""

    inputs: Tensor
    places: Tensor
    targets: Tensor
    tokens: int


class Corpus:
    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.tokens, self.learn, self.starts = data["tokens"], data["learn"], data["starts"]
        self.sizes = np.diff(self.starts)

    def batches(self, seed: int) -> list[tuple[tuple[int, int], np.ndarray]]:
        """One epoch: every dialogue once, in batches of one shape each, in random order."""
        rng = np.random.default_rng(seed)
        out: list[tuple[tuple[int, int], np.ndarray]] = []
        shortest = 0
        for rows, length in SHAPES:
            fits = np.flatnonzero((self.sizes - 1 > shortest) & (self.sizes - 1 <= length))
            shortest = length
            rng.shuffle(fits)
            out += [((rows, length), fits[i : i + rows]) for i in range(0, len(fits), rows)]
        order = rng.permutation(len(out))
        return [out[i] for i in order]

    def batch(self, shape: tuple[int, int], members: np.ndarray) -> Batch:
        inputs = np.zeros(shape, np.int64)
        targets = np.full(shape, -1, np.int64)
        for row, member in enumerate(members):
            span = slice(self.starts[member], self.starts[member + 1])
            tokens, learn = self.tokens[span].astype(np.int64), self.learn[span]
            inputs[row, : len(tokens) - 1] = tokens[:-1]
            targets[row, : len(tokens) - 1] = np.where(learn[1:], tokens[1:], -1)
        flat = torch.from_numpy(targets.reshape(-1))
        places = torch.nonzero(flat >= 0).squeeze(1)
        return Batch(torch.from_numpy(inputs), places, flat[places], int(self.sizes[members].sum()))


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised (Jordan et al., 2024): all singular values near 1."""

    def __init__(self, parameters: list[Tensor], lr: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": 0.95})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                by_shape.setdefault(weight.shape, []).append(weight)
            for shape, weights in by_shape.items():
                updates = torch.stack([self.momentum(weight, group["momentum"]) for weight in weights])
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for weight, update in zip(weights, orthogonal(updates), strict=True):
                    weight.mul_(1 - 0.01 * group["lr"]).add_(update, alpha=-scale)

    def momentum(self, weight: Tensor, beta: float) -> Tensor:
        buffer = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
        buffer.lerp_(weight.grad, 1 - beta)
        return weight.grad.lerp(buffer, beta)


def orthogonal(matrices: Tensor) -> Tensor:
    """Newton-Schulz iteration on a stack of matrices, with Muon's coefficients."""
    wide = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if wide else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x.mT @ x if x.shape[1] > x.shape[2] else x @ x.mT
        inner = -4.7750 * gram + 2.0315 * gram @ gram
        x = 3.4445 * x + (x @ inner if x.shape[1] > x.shape[2] else inner @ x)
    return x.mT if wide else x


def optimizers(network: Qwen3) -> list[torch.optim.Optimizer]:
    matrices = [w for n, w in network.named_parameters() if w.ndim == 2 and "embed" not in n]
    rest = [w for n, w in network.named_parameters() if w.ndim < 2 or "embed" in n]
    adam = torch.optim.AdamW(rest, lr=6e-3, betas=(0.9, 0.95), weight_decay=0.0)
    return [Muon(matrices, lr=2e-2), adam]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Short warm-up, plateau, and a linear decay that must be let finish."""

    tokens: int
    minutes: float
    peak: float
    decay_from: float

    def progress(self, tokens: int, seconds: float) -> float:
        return seconds / (60 * self.minutes) if self.minutes else tokens / self.tokens

    def rate(self, progress: float) -> float:
        decay = (1 - progress) / (1 - self.decay_from)
        return self.peak * max(0.0, min(1.0, progress / 0.01, decay))


def loss_of(network: Qwen3, batch: Batch) -> Tensor:
    hidden = network(batch.inputs).flatten(0, 1).index_select(0, batch.places)
    return F.cross_entropy(network.logits(hidden).float(), batch.targets)


def compile_blocks(network: Qwen3) -> None:
    """Compile the block rather than the network: the layers share it, once for every shape."""
    torch._dynamo.config.recompile_limit = 8 * len(SHAPES)
    for layer in network.model.layers:
        layer.compile(dynamic=False)


def save(network: Qwen3, folder: Path, inputs: Tensor) -> None:
    """The weights, and the logits that an export of them must reproduce."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    with torch.no_grad():
        logits = network.logits(network(inputs))
    reference = {"tokens": inputs.contiguous(), "logits": logits.contiguous()}
    save_file(reference, folder / "reference.safetensors")
    (folder / "model.json").write_text(json.dumps(network.config.to_dict(), indent=2))


def epochs(corpus: Corpus, seed: int, skip: int) -> Iterator[Batch]:
    """Batches for ever, an epoch's seed following from the last one's, less the first `skip`."""
    for epoch in count(seed):
        for shape, members in corpus.batches(epoch):
            if skip > 0:
                skip -= 1
            else:
                yield corpus.batch(shape, members)


@dataclass(slots=True)
class Progress:
    """How far the run is: over all corpora, and in batches of the present one."""

    corpus: str
    tokens: int = 0
    batches: int = 0


class Run:
    """The network, its optimizers and its progress: all that a state file holds."""

    def __init__(self, corpus: str) -> None:
        self.network = Qwen3(ModelConfig())
        self.steppers = optimizers(self.network)
        self.bases = [stepper.param_groups[0]["lr"] for stepper in self.steppers]
        self.progress = Progress(corpus)

    def resume(self, path: Path) -> None:
        """Go on from a state; another corpus starts at its beginning."""
        state = torch.load(path, weights_only=False)
        self.network.load_state_dict(state["network"])
        for stepper, saved in zip(self.steppers, state["steppers"], strict=True):
            stepper.load_state_dict(saved)
        self.progress.tokens = state["tokens"]
        if state["corpus"] == self.progress.corpus:
            self.progress.batches = state["batches"]

    def save(self, path: Path) -> None:
        steppers = [stepper.state_dict() for stepper in self.steppers]
        state = {"network": self.network.state_dict(), "steppers": steppers}
        progress = self.progress
        torch.save(
            state | {"corpus": progress.corpus, "tokens": progress.tokens, "batches": progress.batches},
            path,
        )

    def step(self, batch: Batch, factor: float) -> float:
        for stepper, base in zip(self.steppers, self.bases, strict=True):
            stepper.param_groups[0]["lr"] = base * factor
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(self.network, batch)
        loss.backward()
        for stepper in self.steppers:
            stepper.step()
            stepper.zero_grad()
        self.progress.tokens += batch.tokens
        self.progress.batches += 1
        return loss.item()


def train(arguments: argparse.Namespace) -> None:
    build, name = arguments.build, arguments.name
    schedule = Schedule(int(arguments.tokens), arguments.minutes, arguments.peak, arguments.decay_from)
    corpus = Corpus(build / arguments.corpus)
    run = Run(arguments.corpus)
    if arguments.resume:
        run.resume(build / arguments.resume)
    if not arguments.eager:
        compile_blocks(run.network)
    progress = run.progress
    sample = torch.from_numpy(corpus.tokens[:192].astype(np.int64))[None]
    began, first, mean = time.monotonic(), progress.tokens, 0.0
    for batch in epochs(corpus, arguments.seed, progress.batches):
        done = schedule.progress(progress.tokens, time.monotonic() - began)
        factor = schedule.rate(done)
        loss = run.step(batch, factor)
        mean = mean + 0.02 * (loss - mean) if mean else loss
        if progress.batches % 25 == 0:
            speed = (progress.tokens - first) / (time.monotonic() - began)
            print(f"{progress.tokens / 1e6:.2f}M tokens, loss {mean:.4f}, rate {factor:.3f}, "
                  f"{speed:.0f} tokens/s", flush=True)  # fmt: skip
        if progress.batches % 200 == 0 or done >= 1:
            save(run.network, build / name, sample)
            run.save(build / f"{name}.state")
        if done >= 1:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--corpus", default="corpus.npz")
    parser.add_argument("--name", default="checkpoint")
    parser.add_argument("--tokens", type=float, default=21e6, help="tokens to train on, in all")
    parser.add_argument("--minutes", type=float, default=0, help="a time budget instead of tokens")
    parser.add_argument("--peak", type=float, default=1.0, help="share of the rates at the plateau")
    parser.add_argument("--decay-from", type=float, default=0.45, help="progress where decay begins")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--eager", action="store_true", help="no compiler: sooner, then slower")
    parser.add_argument("--resume", default="", help="a state file in the build folder")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    train(arguments)


if __name__ == "__main__":
    main()
