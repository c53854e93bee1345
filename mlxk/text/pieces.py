"""The bytes of each token, for the decoders that join them: byte-level BPE and SentencePiece's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Pieces:
    """The bytes of each token, looked up once. `strip` is how many leading spaces a text loses.

    `runs`: tokens of single bytes, one after another, are decoded together (SentencePiece's byte fallback).
    """

    tokenizer: Tokenizer
    convert: Callable[[str], bytes]
    strip: int
    known: dict[int, bytes]
    runs: bool = False

    def bytes_of(self, token: int) -> bytes:
        """Empty for an id that the vocabulary lacks (models pad it)."""
        found = self.known.get(token)
        if found is None:
            text = self.tokenizer.backend.id_to_token(token)
            found = b"" if text is None else self.convert(text)
            self.known[token] = found
        return found


def pieces_of(tokenizer: Tokenizer) -> Pieces | None:
    """The table for this tokenizer's decoder, or `None` for a decoder that needs the window."""
    decoder = json.loads(tokenizer.backend.decoder.__getstate__()) if tokenizer.backend.decoder else None
    steps = _steps(decoder)
    kinds = [step.get("type") for step in steps]
    if kinds == ["ByteLevel"]:
        return Pieces(tokenizer, _byte_level, 0, {})
    if not kinds or any(kind not in ("Replace", "ByteFallback", "Fuse", "Strip") for kind in kinds):
        return None
    replaced = [step for step in steps if step["type"] == "Replace"]
    stripped = [step for step in steps if step["type"] == "Strip"]
    if len(replaced) != 1 or replaced[0].get("pattern") != {"String": "▁"} or replaced[0]["content"] != " ":
        return None
    if any(step.get("content") != " " or step.get("stop") for step in stripped):
        return None
    if stripped and (len(stripped) > 1 or "Fuse" not in kinds or kinds.index("Fuse") > kinds.index("Strip")):
        return None
    strip = sum(int(step["start"]) for step in stripped)
    runs = "ByteFallback" in kinds
    return Pieces(tokenizer, _sentencepiece if runs else _spaced, strip, {}, runs)


def _steps(decoder: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if decoder is None:
        return []
    return list(decoder["decoders"]) if decoder.get("type") == "Sequence" else [decoder]


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes: printable Latin-1 as itself, the rest from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(others)}


_BYTE_OF = _byte_alphabet()


def _byte_level(token: str) -> bytes:
    """A token with a character outside the alphabet is an added one: plain text."""
    try:
        return bytes([_BYTE_OF[char] for char in token])
    except KeyError:
        return token.encode()


def _spaced(token: str) -> bytes:
    return token.replace("▁", " ").encode()


def byte_of(token: str) -> bytes | None:
    """The byte that `<0x0A>` and its like stand for."""
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        try:
            return bytes([int(token[3:5], 16)])
        except ValueError:
            return None
    return None


def _sentencepiece(token: str) -> bytes:
    found = byte_of(token)
    return _spaced(token) if found is None else found
