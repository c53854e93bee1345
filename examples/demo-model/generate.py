"""Write the corpus: seeded dialogues, rendered and tokenised, as one `.npz`.

`tokens` holds all dialogues end to end, `learn` says which of them the loss counts, `starts` where
each dialogue begins (and, last, where all end).
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
from tokenizers import Tokenizer

from corpus.dialogue import Dialogue
from corpus.mixture import Mode, draw, draw_mode
from corpus.phrasing import Phrasing
from rendering import segments

LONGEST = 1024


def encode(dialogue: Dialogue, mode: Mode, tokenizer: Tokenizer) -> tuple[list[int], list[bool]]:
    """Segments are tokenised apart: generation starts on a token boundary, so training must too."""
    tokens: list[int] = []
    learn: list[bool] = []
    for segment in segments(dialogue, mode):
        ids = tokenizer.encode(segment.text).ids
        tokens += ids
        learn += [segment.learn] * len(ids)
    return tokens, learn


def generate(seed: int, count: int, tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    rng = Random(seed)
    tokens: list[np.ndarray] = []
    learn: list[np.ndarray] = []
    sizes, by_category = [0], Counter[str]()
    while len(tokens) < count:
        dialogue, mode = draw(Phrasing(), rng), draw_mode(rng)
        ids, marks = encode(dialogue, mode, tokenizer)
        if len(ids) > LONGEST:
            continue
        tokens.append(np.array(ids, np.uint16))
        learn.append(np.array(marks, bool))
        sizes.append(len(ids))
        by_category[dialogue.category] += len(ids)
    total = sum(sizes)
    print(f"{count} dialogues, {total} tokens, {total / count:.0f} each")
    for category, size in by_category.most_common():
        print(f"  {category}: {size / total:.1%} of tokens")
    return {
        "tokens": np.concatenate(tokens),
        "learn": np.concatenate(learn),
        "starts": np.cumsum(sizes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--name", default="corpus.npz")
    arguments = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(arguments.build / "tokenizer.json"))
    corpus = generate(arguments.seed, arguments.dialogues, tokenizer)
    np.savez(arguments.build / arguments.name, **corpus)


if __name__ == "__main__":
    main()
