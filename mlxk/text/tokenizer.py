"""Tokens of texts, and texts of tokens: a model's tokenizer, through the `tokenizers` library.

`encode` gives the ids that transformers gives, and adds none of its own around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as Backend

from mlxk.text.tokenizer_files import read_folder

_ANY_SURROGATE = re.compile("[\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a text to encode. In `literal` text no added token is recognised."""

    text: str
    literal: bool = False


class Tokenizer:
    """One model's tokenizer. `named` are its bos, eos, … tokens, as chat templates see them."""

    def __init__(self, backend: Backend, config: Mapping[str, Any], named: Mapping[str, str]) -> None:
        self.backend = backend
        self.config = config
        self.named = named
        added = backend.get_added_tokens_decoder()
        self.added: Mapping[int, str] = {index: token.content for index, token in added.items()}
        self.special = frozenset(index for index, token in added.items() if token.special)
        self.added_ids: Mapping[str, int] = {text: index for index, text in self.added.items()}

    @classmethod
    def load(cls, path: Path, *, trust_remote_code: bool = False) -> Tokenizer:
        """Read a model folder; raises `ModelError` when its tokenizer is missing or corrupt.

        `trust_remote_code` lets a tokenizer without a tokenizer.json be read by code in its folder.
        """
        return cls(*read_folder(path, trust_remote_code=trust_remote_code))

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of `text`, special tokens recognised, none added around it."""
        return tuple(self._ids(self.backend, text))

    def encode_segments(self, segments: Iterable[Segment]) -> tuple[int, ...]:
        """Ids of a text in parts: added tokens are recognised in parts that are not literal.

        The ids decode to the whole text. Merges do not cross the borders of literal parts.
        """
        ids: list[int] = []
        for segment in segments:
            if segment.text:
                backend = self._literal if segment.literal else self.backend
                part = self._middle(backend, segment.text) if ids else self._ids(backend, segment.text)
                ids += self._unspecial(segment.text) if segment.literal and self._has_added(part) else part
        return tuple(ids)

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        return self.backend.decode(list(ids), skip_special_tokens=skip_special)

    def token_id(self, text: str) -> int | None:
        """The id of the token spelled `text`: an added one, or one of the vocabulary."""
        return self.backend.token_to_id(text)

    @cached_property
    def eos_id(self) -> int | None:
        eos = self.named.get("eos_token")
        return None if eos is None else self.token_id(eos)

    @cached_property
    def bos_id(self) -> int | None:
        bos = self.named.get("bos_token")
        return None if bos is None else self.token_id(bos)

    @cached_property
    def adds_bos(self) -> bool:
        """Whether the tokenizer begins a plain text with its bos token by itself."""
        ids = self.backend.encode("", add_special_tokens=True).ids
        return bool(ids) and ids[0] == self.bos_id

    @cached_property
    def _literal(self) -> Backend:
        """The same tokenizer without any added token."""
        description = json.loads(self.backend.to_str())
        description["added_tokens"] = []
        description["post_processor"] = None
        return Backend.from_str(json.dumps(description))

    @cached_property
    def _prefixes(self) -> bool:
        """Whether text at the start is encoded as if a space stood before it."""
        return self._ids(self.backend, "x") != self._ids(self.backend, "\nx")[-1:]

    def _ids(self, backend: Backend, text: str) -> list[int]:
        # The fast one leaves out where each token stands in the text, a quarter of the time.
        ids: list[int] = backend.encode_batch_fast([_encodable(text)], add_special_tokens=False)[0].ids
        return ids

    def _middle(self, backend: Backend, text: str) -> list[int]:
        """Ids of text that does not stand at the start, without the space that some tokenizers put there."""
        if self._prefixes:
            for lead in ("\n", "|", "0"):
                before, ids = self._ids(backend, lead), self._ids(backend, lead + text)
                if ids[: len(before)] == before:
                    return ids[len(before) :]
        return self._ids(backend, text)

    def _has_added(self, ids: Iterable[int]) -> bool:
        return any(index in self.added for index in ids)

    def _unspecial(self, text: str) -> list[int]:
        """Character by character, for a vocabulary that has the special token as an ordinary one as well."""
        return [index for char in text for index in self._middle(self._literal, char)]


def _encodable(text: str) -> str:
    """Lone surrogates, which JSON can smuggle in, are not text."""
    return text if text.isascii() else _ANY_SURROGATE.sub("\ufffd", text)
