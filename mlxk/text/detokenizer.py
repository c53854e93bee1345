"""Streaming detokenisers: token ids in, text out, as soon as the text is certain.

In total they say what `tokenizers` decodes: bytes are put together across tokens (an emoji may take four), so
that U+FFFD stands only for bytes that are no UTF-8 at all, and SentencePiece's space at the very start is
left out when the output starts a turn.

`ByteDetokenizer` serves byte-level BPE, `RunDetokenizer` SentencePiece-style vocabularies, both through a
table of bytes; `WindowDetokenizer` asks the library about a growing window, for every other decoder.
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


class ByteDetokenizer:
    """Joins the bytes of tokens and gives out whole characters."""

    def __init__(self, pieces: Pieces, *, strip: bool) -> None:
        self._bytes_of = pieces.bytes_of
        self._known = pieces.known
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._strip = pieces.strip if strip else 0

    def feed(self, token: int) -> str:
        """The text that is certain with this token."""
        found = self._known.get(token)
        text = self._utf8.decode(self._bytes_of(token) if found is None else found)
        return self._stripped(text) if self._strip and text else text

    def flush(self) -> str:
        text = self._utf8.decode(b"", True)
        self._utf8.reset()
        return text

    def _stripped(self, text: str) -> str:
        text, self._strip = _without_spaces(text, self._strip)
        return text


class RunDetokenizer:
    """Joins tokens, and holds a run of byte tokens until it ends.

    The library reads a run as a whole: if it is no UTF-8, each of its bytes is a replacement character.
    """

    def __init__(self, pieces: Pieces, *, strip: bool) -> None:
        self._pieces = pieces
        self._text: dict[int, str | None] = {}
        self._run = b""
        self._strip = pieces.strip if strip else 0

    def feed(self, token: int) -> str:
        """The text that is certain with this token: none while a run goes on."""
        if token not in self._text:
            spelled = self._pieces.tokenizer.backend.id_to_token(token)
            is_byte = spelled is not None and _byte_of(spelled) is not None
            self._text[token] = None if is_byte else self._pieces.bytes_of(token).decode()
        text = self._text[token]
        if text is None:
            self._run += self._pieces.bytes_of(token)
            return ""
        text = self._ended() + text if self._run and text else text
        return self._stripped(text) if self._strip and text else text

    def flush(self) -> str:
        text = self._ended()
        return self._stripped(text) if self._strip and text else text

    def _ended(self) -> str:
        run, self._run = self._run, b""
        try:
            return run.decode()
        except UnicodeDecodeError:
            return "\ufffd" * len(run)

    def _stripped(self, text: str) -> str:
        text, self._strip = _without_spaces(text, self._strip)
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
    strip = sum(int(step["start"]) for step in stripped)
    runs = "ByteFallback" in kinds
    return Pieces(tokenizer, _sentencepiece if runs else _spaced, strip, {}, runs)


def detokenizer_of(pieces: Pieces | None, tokenizer: Tokenizer, *, strip: bool) -> Detokenizer:
    """A detokeniser for one output; `strip`: it starts a turn."""
    if pieces is None:
        return WindowDetokenizer(tokenizer)
    return RunDetokenizer(pieces, strip=strip) if pieces.runs else ByteDetokenizer(pieces, strip=strip)


def _without_spaces(text: str, count: int) -> tuple[str, int]:
    """Text without at most `count` spaces at its start, and how many more a text that goes on may lose."""
    while count and text.startswith(" "):
        text, count = text[1:], count - 1
    return text, 0 if text else count


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


def _byte_of(token: str) -> bytes | None:
    """The byte that `<0x0A>` and its like stand for."""
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        try:
            return bytes([int(token[3:5], 16)])
        except ValueError:
            return None
    return None


def _sentencepiece(token: str) -> bytes:
    found = _byte_of(token)
    return _spaced(token) if found is None else found
