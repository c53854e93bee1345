"""The bridge between tokens and the scanner: special tokens as characters of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mlxk.text.tokenizer import Tokenizer

# U+D800 and U+D801 are the marks of `mlxk.text.prompt`.
_SURROGATES = range(0xD802, 0xE000)


class Alphabet:
    """Writes special tokens as lone surrogates, one each, and ordinary text as itself.

    `text` are the tokens that a grammar names although they are not special. Models with more special tokens
    than there are surrogates share the last one for the rest, which a grammar never names.
    """

    def __init__(self, tokenizer: Tokenizer, text: Iterable[str]) -> None:
        items = tuple(text)
        named = [
            index
            for name, index in tokenizer.added_ids.items()
            if _is_marker(name) and any(name in item for item in items)
        ]
        rest = sorted(tokenizer.special - set(named))
        chars = {index: chr(code) for index, code in zip([*named, *rest], _SURROGATES, strict=False)}
        overflow = chr(_SURROGATES[-1])
        self.of_id: Mapping[int, str] = {index: chars.get(index, overflow) for index in [*named, *rest]}
        spelled = {char: tokenizer.added[index] for index, char in chars.items()}
        self._shown = {
            ord(char): None if index in tokenizer.special else tokenizer.added[index]
            for index, char in self.of_id.items()
        }
        self._spelled = {ord(char): name for char, name in spelled.items()}
        self._written = {name: char for char, name in spelled.items() if char != overflow}
        longest_first = sorted(self._written, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def write(self, text: str) -> str:
        """Text with special tokens spelled out, as the scanner sees it."""
        return self._names.sub(lambda match: self._written[match.group()], text)

    def spell(self, text: str) -> str:
        """The inverse of `write`."""
        return text.translate(self._spelled)

    def shown(self, text: str) -> str:
        """Text as people see it: special tokens left out, other tokens that a grammar names spelled."""
        return text if text.isascii() else text.translate(self._shown)


def _is_marker(name: str) -> bool:
    """Vocabularies also add words and white space, which stand in delimiters as ordinary text."""
    return len(name) > 2 and not name.isalnum() and not any(char.isspace() for char in name)
