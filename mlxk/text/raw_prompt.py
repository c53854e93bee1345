"""Prompts without a chat: a raw text, token ids, or the text around a gap.

They are taken to the letter: no template, special tokens recognised, the tokenizer's own bos token before
them.
"""

from __future__ import annotations

from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.requests import GenerationRequest
from mlxk.text.grammar import Opened
from mlxk.text.infill import Infill
from mlxk.text.prompt import Prompt
from mlxk.text.tokenizer import Tokenizer


def raw_prompt(prompt: str | tuple[int, ...], tokenizer: Tokenizer) -> Prompt:
    """A text, or its tokens. Raises `RequestError`."""
    if isinstance(prompt, str):
        return Prompt(prompt, _begun(tokenizer, tokenizer.encode(prompt)), Opened("text"), continues=True)
    size = tokenizer.backend.get_vocab_size()
    if any(not 0 <= index < size for index in prompt):
        raise RequestError(f"token ids must be from 0 to {size - 1}", param="prompt")
    return Prompt(tokenizer.decode(prompt, skip_special=False), prompt, Opened("text"), continues=True)


def gap_prompt(request: GenerationRequest, tokenizer: Tokenizer, infill: Infill | None) -> Prompt:
    """The text around a gap. Raises `UnsupportedParameter` or `RequestError`."""
    if infill is None:
        raise UnsupportedParameter(
            "this model cannot fill in text before a suffix: its tokenizer has no tokens for it",
            hint="send the prompt alone, or ask a code model that was trained to fill gaps",
            param="suffix",
        )
    if not isinstance(request.prompt, str):
        raise RequestError("a suffix needs a prompt given as text", param="suffix")
    segments = list(infill.segments(request.prompt, request.suffix or ""))
    text = "".join(part.text for part in segments)
    return Prompt(text, _begun(tokenizer, tokenizer.encode_segments(segments)), Opened("text"), True)


def _begun(tokenizer: Tokenizer, ids: tuple[int, ...]) -> tuple[int, ...]:
    """With the tokenizer's own bos token before them."""
    bos = tokenizer.bos_id
    return (bos, *ids) if tokenizer.adds_bos and bos is not None and ids[:1] != (bos,) else ids
