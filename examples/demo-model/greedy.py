"""Greedy generation on the exported folder, through mlx-lm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import BatchGenerator, generate_step
from mlx_lm.utils import load_model
from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Output:
    """`margin` is the smallest lead, in nats, of a chosen token over the next best."""

    text: str
    margin: float
    ended: bool


class Greedy:
    def __init__(self, folder: Path) -> None:
        self.model, _ = load_model(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config = json.loads((folder / "config.json").read_text())
        self.ends = set(config["eos_token_id"])

    def __call__(self, prompt: str, max_tokens: int = 400) -> Output:
        """The reply with its markers and, where it ended by itself, its end token."""
        ids = mx.array(self.tokenizer.encode(prompt).ids)
        tokens: list[int] = []
        leads: list[mx.array] = []
        for token, logprobs in generate_step(ids, self.model, max_tokens=max_tokens):
            tokens.append(int(token))
            best = mx.topk(logprobs, 2)
            leads.append(mx.abs(best[1] - best[0]))
            if tokens[-1] in self.ends:
                break
        text = self.decode(tokens)
        return Output(text, min(lead.item() for lead in leads), tokens[-1] in self.ends)

    def batch(self, prompts: list[str], max_tokens: int = 400) -> list[str]:
        """The replies to many prompts: much faster, but a near tie may fall the other way."""
        stops = [[end] for end in self.ends]
        generator = BatchGenerator(self.model, max_tokens=max_tokens, stop_tokens=stops)
        ids = generator.insert([self.tokenizer.encode(prompt).ids for prompt in prompts])
        tokens: dict[int, list[int]] = {each: [] for each in ids}
        while responses := generator.next_generated():
            for response in responses:
                tokens[response.uid].append(response.token)
        generator.close()
        return [self.decode(tokens[each]) for each in ids]

    def decode(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=False)
