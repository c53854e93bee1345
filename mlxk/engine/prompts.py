"""The prompt cache: keys and values of earlier prompts and answers, for prompts that begin the same way.

`Entries` keeps them, bounded by bytes and entries. An entry of a model whose caches can be
cut back serves every prompt that shares a beginning with it; it is there from the prompt's end on, while the
answer is still being written. Sliding-window and recurrent caches cannot be cut back, so for those copies are
kept at the places where other prompts may part from this one:

- shortly before the prompt's end, which the next turn of the conversation usually repeats, whatever became of
  the reasoning that followed;
- where the request says that its own part begins, behind the system text and the tools;
- where it parts from a prompt that was there before.

With `PromptFiles`, what is in memory is written to disk when there is time, and what the disk has more of
than memory comes back into memory when a prompt asks for it.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence as Ids
from typing import Any

from mlxk.engine import upstream
from mlxk.engine.entries import Entries, Kind, cuttable, packed, shared_tokens
from mlxk.engine.kv import Caches, compact, is_quantized
from mlxk.engine.prompt_files import PromptFiles

# Tokens before a prompt's end where the next turn may part from it: what a template opens an answer with.
TAIL = 16
# Tokens below which a copy is worth less than it costs.
WORTHWHILE = 32
# How many prompts are remembered without their caches.
REMEMBERED = 64


class PromptCache:
    """The entries of one engine. Owned by one thread.

    Without `trims`, it is not bounded by `max_bytes` itself, but told by `trim` what to give up.
    """

    def __init__(
        self,
        caches: Caches,
        *,
        max_bytes: int,
        max_entries: int,
        files: PromptFiles | None = None,
        trims: bool = True,
    ) -> None:
        upstream.prepare()
        from mlx_lm.models.cache import KVCache

        self._caches = caches
        self._files = files
        self._unwritten: dict[tuple[str | None, tuple[int, ...]], None] = {}
        self._max_bytes = max_bytes
        bound = max_bytes if trims else None
        self._entries = Entries(max_entries, bound, caches.cuts) if max_entries and max_bytes else None
        layers = caches.new()
        self.batchable = all(hasattr(layer, "merge") for layer in layers)
        growing = [type(layer) is KVCache or is_quantized([layer]) for layer in layers]
        self._cuttable = all(growing)
        self._prompts: deque[tuple[str | None, bytes]] = deque(maxlen=REMEMBERED)
        self._shared: deque[tuple[str | None, tuple[int, ...]]] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        return 0 if self._entries is None else len(self._entries)

    @property
    def nbytes(self) -> int:
        return 0 if self._entries is None else self._entries.nbytes

    def fetch(self, prompt: Ids[int], adapter: str | None) -> tuple[list[Any], int]:
        """A cache for `prompt` and how many of its tokens it holds: always fewer than all."""
        if self._entries is not None:
            known = list(prompt[:-1])
            cache, held = self._nearest(known, adapter)
            if self._files is not None and self._read(known, adapter, held):
                cache, held = self._nearest(known, adapter)
            if cache is not None:
                self._touch(known[:held], cache, adapter)
                return cache, held
        return self._caches.new(), 0

    def _touch(self, tokens: list[int], cache: list[Any], adapter: str | None) -> None:
        """Make an entry that was used the newest of its kind; one that was cut back is another's part."""
        if self._entries is not None and not cuttable(cache):
            kind: Kind = "system" if (adapter, tuple(tokens)) in self._shared else "user"
            self._entries.renew(adapter, packed(tokens), kind)

    def _nearest(self, known: list[int], adapter: str | None) -> tuple[list[Any] | None, int]:
        """A copy of what memory has for these tokens, and how many of them it holds."""
        if self._entries is None:
            return None, 0
        cache, held = self._entries.nearest(adapter, packed(known))
        if cache is not None:
            compact(cache)
        return cache, held

    def _read(self, known: list[int], adapter: str | None, held: int) -> bool:
        """Bring an entry of the disk into memory, if it holds more than `held` of these tokens."""
        found = None if self._files is None else self._files.find(known, adapter)
        if self._files is None or self._entries is None or found is None or found[1] <= held:
            return False
        cache = self._files.load(found[0])
        if cache is not None:
            self._entries.insert(adapter, found[0].tokens, cache, "user")
        return cache is not None

    @property
    def unwritten(self) -> bool:
        """Whether there is something that the disk lacks."""
        return bool(self._unwritten)

    def write_newest(self) -> None:
        """Write the newest entry that the disk lacks, if it is still in memory."""
        adapter, tokens = self._unwritten.popitem()[0]
        cache = None if self._entries is None else self._entries.get(adapter, packed(tokens))
        if self._files is not None and cache is not None:
            self._files.write(tokens, cache, adapter)

    def checkpoints(
        self, prompt: Ids[int], held: int, adapter: str | None, shared: int = 0
    ) -> dict[int, Kind]:
        """Where in a prompt, behind the `held` tokens, to stop and `keep_copy`, and as what.

        `shared` tokens at its beginning are expected in other prompts too.
        """
        if self._entries is None:
            return {}
        if self._cuttable:
            return {len(prompt) - 1: "user"} if len(prompt) > held + WORTHWHILE else {}
        places: dict[int, Kind] = {len(prompt) - TAIL: "user"}
        places |= dict.fromkeys((shared, self._parting(prompt, adapter)), "system")
        return {place: kind for place, kind in places.items() if held < place < len(prompt)}

    def _parting(self, prompt: Ids[int], adapter: str | None) -> int:
        """How many tokens at its beginning the prompt shares with one that was there before."""
        tokens = packed(prompt)
        common = (shared_tokens(tokens, other) for name, other in self._prompts if name == adapter)
        most = max(common, default=0)
        self._prompts.append((adapter, tokens))
        return most if most > WORTHWHILE else 0

    def keep_copy(self, tokens: Ids[int], cache: list[Any], adapter: str | None, kind: Kind) -> None:
        """Keep a copy of a cache that goes on being used."""
        if kind == "system":
            self._shared.append((adapter, tuple(tokens)))
        self._insert(tokens, copy.deepcopy(cache), adapter, kind)

    def keep(self, tokens: Ids[int], cache: list[Any], adapter: str | None) -> None:
        """Keep a cache that nobody uses any more."""
        self._insert(tokens, cache, adapter, "assistant")

    def _insert(self, tokens: Ids[int], cache: list[Any], adapter: str | None, kind: Kind) -> None:
        if self._entries is not None and tokens:
            self._entries.insert(adapter, packed(tokens), cache, kind)
            if self._files is not None:
                key = adapter, tuple(tokens)
                self._unwritten.pop(key, None)
                self._unwritten[key] = None

    def fitting(self) -> int:
        """How many entries are left when those are gone that are too much for `max_bytes`."""
        if self._entries is None:
            return 0
        self._entries.trim(most_bytes=self._max_bytes)
        return len(self._entries)

    def trim(self, entries: int) -> None:
        """Keep so many entries at most, giving up those first that `fitting` does."""
        if self._entries is not None:
            self._entries.trim(most=entries)

    def clear(self) -> None:
        if self._entries is not None:
            self._entries.trim(most=0)
