"""A model's tokens for those who ask for nothing else. Tokenising is CPU work: not for the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mlxk.errors import RequestError
from mlxk.requests import GenerationRequest
from mlxk.text import TextModel


class TextTokens:
    """`TokenReader` over a model's text side."""

    def __init__(self, text: TextModel) -> None:
        self._text = text

    async def encode(self, request: GenerationRequest, *, plain: bool) -> Sequence[int]:
        return await asyncio.to_thread(self._encode, request, plain)

    async def spell(self, ids: Sequence[int]) -> Sequence[str]:
        return await asyncio.to_thread(lambda: [self._text.token_text(index)[0] for index in ids])

    async def decode(self, ids: Sequence[int]) -> str:
        return await asyncio.to_thread(self._decode, ids)

    def _encode(self, request: GenerationRequest, plain: bool) -> Sequence[int]:
        if plain and isinstance(request.prompt, str):
            return self._text.encode(request.prompt)
        return self._text.render(request).tokens

    def _decode(self, ids: Sequence[int]) -> str:
        size = self._text.tokenizer.backend.get_vocab_size()
        for place, index in enumerate(ids):
            if index >= size:
                raise RequestError(f"Token ids are from 0 to {size - 1} here.", param=f"tokens[{place}]")
        return self._text.tokenizer.decode(ids, skip_special=False)
