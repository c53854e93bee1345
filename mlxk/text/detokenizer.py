"""Streaming detokenisers: token ids in, text out, as soon as the text is certain.

In total they say what `tokenizers` decodes: bytes are put together across tokens (an emoji may take four), so
that U+FFFD stands only for bytes that are no UTF-8 at all, and SentencePiece's space at the very start is
left out when the output starts a turn.

`ByteDetokenizer` serves byte-level BPE, `RunDetokenizer` SentencePiece-style vocabularies, both through a
table of bytes; `WindowDetokenizer` asks the library about a growing window, for every other decoder.
"""

from __future__ import annotations

import codecs
from typing import Protocol

from mlxk.text.pieces import Pieces, byte_of
from mlxk.text.tokenizer import Tokenizer


class Detokenizer(Protocol):
    def feed(self, token: int) -> str: ...

    def flush(self) -> str: ...


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
            is_byte = spelled is not None and byte_of(spelled) is not None
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
