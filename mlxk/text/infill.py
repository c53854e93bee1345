"""Filling in the middle: the tokens with which a code model is shown what stands around a gap.

Recognised by the vocabulary, as everything here is; never by the model's name. The orders are those of the
models' own papers and cards: https://arxiv.org/abs/2207.14255 names them PSM and SPM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlxk.text.prompt import Marker
from mlxk.text.tokenizer import Segment, Tokenizer


@dataclass(frozen=True, slots=True)
class InfillFormat:
    """`tokens` stand before the first text, between the texts and, where there are three, behind both.

    `ends` are tokens that such a model says when the gap is filled. `lead` stands before the prefix.
    """

    tokens: tuple[str, ...]
    first: Literal["prefix", "suffix"] = "prefix"
    ends: tuple[str, ...] = ()
    lead: str = ""


# The first of which a vocabulary has all tokens is taken.
FORMATS: tuple[InfillFormat, ...] = (
    # Qwen2.5-Coder, Qwen3-Coder, CodeGemma
    InfillFormat(
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        ends=("<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|file_separator|>"),
    ),
    # StarCoder, StarCoder2, Granite Code, Stable Code
    InfillFormat(
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        ends=("<|endoftext|>", "<fim_pad>", "<file_sep>"),
    ),
    # SantaCoder
    InfillFormat(("<fim-prefix>", "<fim-suffix>", "<fim-middle>"), ends=("<|endoftext|>", "<fim-pad>")),
    # DeepSeek-Coder, DeepSeek-Coder-V2, DeepSeek-V3
    InfillFormat(("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"), ends=("<｜end▁of▁sentence｜>",)),
    # CodeGeeX4, GLM-4.5
    InfillFormat(
        ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"), ends=("<|endoftext|>", "<|user|>")
    ),
    # Seed-Coder
    InfillFormat(("<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"), first="suffix"),
    # Code Llama: the space is the one that its tokenizer puts before a text
    InfillFormat(("▁<PRE>", "▁<SUF>", "▁<MID>"), ends=("▁<EOT>",), lead=" "),
    # Codestral
    InfillFormat(("[SUFFIX]", "[PREFIX]"), first="suffix"),
)


class Infill:
    """How one model is asked to fill a gap."""

    def __init__(self, form: InfillFormat, tokenizer: Tokenizer) -> None:
        self._form = form
        self._marker = Marker([*form.tokens, *(tokenizer.added[index] for index in tokenizer.special)])
        self.stop_ids = tuple(tokenizer.added_ids[text] for text in form.ends if text in tokenizer.added_ids)

    def segments(self, prefix: str, suffix: str) -> Iterator[Segment]:
        """What the model reads. Tokens that the texts spell are plain text in it."""
        texts = [self._form.lead + prefix, suffix]
        if self._form.first == "suffix":
            texts.reverse()
        for index, token in enumerate(self._form.tokens):
            yield Segment(token)
            if index < len(texts):
                yield from self._marker.segments(self._marker.mark(texts[index]))


def infill_of(tokenizer: Tokenizer) -> Infill | None:
    """How a model of this vocabulary fills gaps; `None` if it has no tokens for it."""
    for form in FORMATS:
        if all(token in tokenizer.added_ids for token in form.tokens):
            return Infill(form, tokenizer)
    return None
