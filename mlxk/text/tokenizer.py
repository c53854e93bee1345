"""Tokens: a model's `tokenizer.json` through the `tokenizers` library, and what its config adds to it.

`encode` gives the ids that transformers gives: tokens and special flags declared in tokenizer_config.json
are added as transformers adds them. transformers itself is imported only for models that have no
tokenizer.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from mlxk.errors import ModelError

NAMED_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
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
        config = read_json(path / "tokenizer_config.json")
        named = _named_tokens(config, read_json(path / "special_tokens_map.json"))
        file = path / "tokenizer.json"
        backend = _read_backend(file) if file.is_file() else _from_transformers(path, trust_remote_code)
        _add_declared(backend, config, named)
        return cls(backend, config, named)

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of `text`, special tokens recognised, none added around it."""
        return tuple(self.backend.encode(_encodable(text), add_special_tokens=False).ids)

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
        ids: list[int] = backend.encode(_encodable(text), add_special_tokens=False).ids
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


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file, empty if there is none; raises `ModelError` for anything else."""
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _corrupt(file, str(error)) from error
    if not isinstance(content, dict):
        raise _corrupt(file, "it is not a JSON object")
    return content


def token_text(value: object) -> str | None:
    """A token in a config is a string, or an object with its `content`."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _corrupt(file: Path, reason: str) -> ModelError:
    return ModelError(
        f"{file.name} of {file.parent} cannot be read: {reason}", hint="download the model again"
    )


def _encodable(text: str) -> str:
    """Lone surrogates, which JSON can smuggle in, are not text."""
    return text if text.isascii() else _ANY_SURROGATE.sub("\ufffd", text)


def _read_backend(file: Path) -> Backend:
    try:
        return Backend.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing more precise
        raise _corrupt(file, str(error)) from error


def _from_transformers(path: Path, trust_remote_code: bool) -> Backend:
    if not any(
        (path / name).is_file() for name in ("tokenizer.model", "vocab.json", "vocab.txt", "tiktoken.model")
    ):
        raise ModelError(f"{path} has no tokenizer.json", hint="download the model again")
    if _brings_code(path) and not trust_remote_code:
        raise ModelError(
            f"the tokenizer of {path} brings Python code of its own, and may not run it",
            hint="use a conversion of this model that has a tokenizer.json; or, if you trust its authors, "
            "say `model: {trust_remote_code: true}` in the profile",
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"transformers cannot read the tokenizer of {path}: {error}",
            hint="use a conversion of this model that has a tokenizer.json",
        ) from error
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Backend):
        raise ModelError(
            f"the tokenizer of {path} has no fast form",
            hint="use a conversion of this model that has a tokenizer.json",
        )
    return backend


def _brings_code(path: Path) -> bool:
    """Whether transformers would import the tokenizer's class from the folder."""
    return "AutoTokenizer" in (read_json(path / "tokenizer_config.json").get("auto_map") or {})


def _named_tokens(config: Mapping[str, Any], older: Mapping[str, Any]) -> dict[str, str]:
    """Special tokens by the names under which chat templates see them. The config's own word wins."""
    names = [*NAMED_TOKENS, *(key for key in config if key.endswith("_token") and key not in NAMED_TOKENS)]
    texts = {name: token_text(config[name] if name in config else older.get(name)) for name in names}
    extra = config.get("extra_special_tokens")
    if isinstance(extra, Mapping):
        texts |= {name: token_text(value) for name, value in extra.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _add_declared(backend: Backend, config: Mapping[str, Any], named: Mapping[str, str]) -> None:
    """Add tokens that tokenizer_config.json declares and tokenizer.json lacks, in the order of their ids."""
    known = {token.content for token in backend.get_added_tokens_decoder().values()}
    declared = config.get("added_tokens_decoder")
    items = sorted(declared.items(), key=lambda item: int(item[0])) if isinstance(declared, Mapping) else []
    tokens = [AddedToken(**_added_options(item)) for _, item in items if item.get("content") not in known]
    known |= {token.content for token in tokens}
    extra = config.get("additional_special_tokens") or config.get("extra_special_tokens") or ()
    listed = [token_text(item) for item in extra] if isinstance(extra, list) else []
    for text in dict.fromkeys([*named.values(), *(text for text in listed if text is not None)]):
        if text not in known:
            tokens.append(AddedToken(text, special=True, normalized=False))
    if tokens:
        backend.add_tokens(tokens)


def _added_options(item: Mapping[str, Any]) -> dict[str, Any]:
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"content": item["content"], **{flag: bool(item[flag]) for flag in flags if flag in item}}
