"""Train the byte-level BPE and write `tokenizer.json` and `tokenizer_config.json`.

A capital letter starts a piece of its own: ` Paris` in a sentence and `"Paris"` in JSON then hold
the same tokens, and copying a name from a question into a tool call is copying, not respelling.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus.mixture import draw, draw_mode
from corpus.phrasing import Phrasing
from rendering import messages_of, render

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>",
    "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|return|>", "<|call|>",
)  # fmt: skip
MARKERS = (
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
)
PIECES = (
    r"\p{Lu}\p{L}*| ?(?!\p{Lu})\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)  # fmt: skip


def texts(seed: int, count: int) -> Iterator[str]:
    rng = Random(seed)
    for _ in range(count):
        mode, dialogue = draw_mode(rng), draw(Phrasing(), rng)
        text = render(messages_of(dialogue, mode), dialogue.tools, mode, prompt=False)
        for mark in (*SPECIAL, *MARKERS):
            text = text.replace(mark, "\n")
        yield text


def train(seed: int, count: int, vocabulary: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SPECIAL) - len(MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(seed, count), trainer)
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in MARKERS])
    return tokenizer


def config(length: int) -> dict[str, object]:
    """`tool_parser_type` is mlx-lm's: it cannot infer a parser where templates have names."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": length,
        "tool_parser_type": "json_tools",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialogues", type=int, default=12_000)
    parser.add_argument("--vocabulary", type=int, default=1280)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = train(arguments.seed, arguments.dialogues, arguments.vocabulary)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    text = json.dumps(config(4096), indent=2) + "\n"
    (arguments.out / "tokenizer_config.json").write_text(text, encoding="utf-8")
    print(f"{tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
