"""Streaming detokenisers: token ids in, text out, as soon as the text is certain.

In total they say what `tokenizers` decodes: bytes are put together across tokens (an emoji may take four), so
that U+FFFD stands only for bytes that are no UTF-8 at all, and SentencePiece's space at the very start is
left out when the output starts a turn. One difference is meant: a broken byte makes U+FFFD of itself only,
where `tokenizers` blanks the whole run of byte tokens around it, since that could only be known at its end.

`ByteDetokenizer` serves byte-level BPE and SentencePiece-style vocabularies through a table of bytes;
`WindowDetokenizer` asks the library about a growing window, for every other decoder.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mlxk.text.tokenizer import Tokenizer


class Detokenizer(Protocol):
    def feed(self, token: int) -> str: ...

    def flush(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """The bytes of each token, looked up once. `strip` is how many leading spaces a text loses."""

    tokenizer: Tokenizer
    convert: Callable[[str], bytes]
    strip: int
    known: dict[int, bytes]

    def bytes_of(self, token: int) -> bytes:
        """Empty for an id that the vocabulary lacks (models pad it)."""
        found = self.known.get(token)
        if found is None:
            text = self.tokenizer.backend.id_to_token(token)
            found = b"" if text is None else self.convert(text)
            self.known[token] = found
        return found


class ByteDetokenizer:
    """Joins the bytes of tokens and gives out whole characters."""

    def __init__(self, pieces: Pieces, *, strip: bool) -> None:
        self._bytes_of = pieces.bytes_of
        self._known = pieces.known
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._strip = pieces.strip if strip else 0

    def feed(self, token: int) -> str:
        found = self._known.get(token)
        text = self._utf8.decode(self._bytes_of(token) if found is None else found)
        return self._stripped(text) if self._strip and text else text

    def flush(self) -> str:
        text = self._utf8.decode(b"", True)
        self._utf8.reset()
        return text

    def _stripped(self, text: str) -> str:
        while self._strip and text.startswith(" "):
            text, self._strip = text[1:], self._strip - 1
        if text:
            self._strip = 0
        return text


class WindowDetokenizer:
    """Decodes the last few tokens again with each new one, and gives out what was added.

    The window starts over whenever its text is whole, as in Hugging Face's text-generation-inference.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._read = 0
        self._shown = ""

    def feed(self, token: int) -> str:
        self._ids.append(token)
        text = self._tokenizer.decode(self._ids)
        if text.endswith("\ufffd") or not text.startswith(self._shown):
            return ""
        added = text[len(self._shown) :]
        if self._read:
            self._ids = self._ids[self._read :]
            text = self._tokenizer.decode(self._ids)
        self._read, self._shown = len(self._ids), text
        return added

    def flush(self) -> str:
        text = self._tokenizer.decode(self._ids)
        added = text[len(self._shown) :] if text.startswith(self._shown) else ""
        self._read, self._shown = len(self._ids), text
        return added


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
    convert = _sentencepiece if "ByteFallback" in kinds else _spaced
    return Pieces(tokenizer, convert, sum(int(step["start"]) for step in stripped), {})


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


def _sentencepiece(token: str) -> bytes:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        try:
            return bytes([int(token[3:5], 16)])
        except ValueError:
            return token.encode()
    return _spaced(token)
