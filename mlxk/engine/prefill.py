"""How a prompt gets into a sequence's cache: what is known of it is taken over, the rest comes in chunks."""

from __future__ import annotations

import time

import mlx.core as mx

from mlxk.engine.assembly import Assembly
from mlxk.engine.base import EngineConfig
from mlxk.engine.pace import Pace
from mlxk.engine.pressure import TELLING, Pressure
from mlxk.engine.prompts import PromptCache
from mlxk.engine.sequence import Sequence


class Prefiller:
    """Fills caches of one model, and tells `pace` and `pressure` what that takes."""

    def __init__(
        self, assembly: Assembly, config: EngineConfig, prompts: PromptCache, pace: Pace, pressure: Pressure
    ) -> None:
        self._model = assembly.loaded.model
        self._caches = assembly.caches
        self._adapters = assembly.adapters
        self._config = config
        self._prompts = prompts
        self._pace = pace
        self._pressure = pressure
        self._uncleared = 0  # tokens

    def try_out(self) -> None:
        """Process a short prompt of no meaning, to learn what prompts take."""
        cache, tokens = self._caches.new(), min(TELLING, self._config.context_length)
        self._model(mx.zeros((1, tokens), dtype=mx.int32), cache=cache)
        mx.eval([layer.state for layer in cache])
        self._pressure.learn(cache, tokens)
        del cache
        self._pressure.stepped()

    def begin(self, sequence: Sequence) -> None:
        """Take what is cached of a prompt. It is its turn: what those before it left is there by now."""
        request = sequence.request
        sequence.cache, held = self._prompts.fetch(sequence.target, request.adapter)
        sequence.tokens = list(sequence.target[:held])
        if sequence.row is None:
            sequence.cached = held
            sequence.checkpoints = self._prompts.checkpoints(
                request.prompt, held, request.adapter, request.shared
            )

    def advance(self, sequence: Sequence, size: int) -> int:
        """Put 1 to `size` more tokens of its target into the sequence's cache; gives how many."""
        target, start = sequence.target, len(sequence.tokens)
        checkpoints = [place for place in sequence.checkpoints if place > start]
        ends = (start + size, len(target) - 1, *checkpoints, self._caches.boundary(start))
        stop = min(end for end in ends if end is not None)
        if sequence.cache is None:
            raise ValueError("a sequence begins before it advances")
        chunk, began = target[start:stop], time.monotonic()
        self._adapters.select([sequence.request.adapter])
        self._model(mx.array([chunk]), cache=sequence.cache)
        mx.eval([layer.state for layer in sequence.cache])
        self._clear(len(chunk))
        self._pace.processed(len(chunk), time.monotonic() - began)
        sequence.tokens.extend(chunk)
        if self._caches.due(sequence.cache, stop):
            sequence.cache = self._caches.quantized(sequence.cache)
        if (kind := sequence.checkpoints.get(stop)) is not None:
            self._prompts.keep_copy(sequence.tokens, sequence.cache, sequence.request.adapter, kind)
        self._pressure.learn(sequence.cache, stop)
        return len(chunk)

    def _clear(self, processed: int) -> None:
        """Give back what prompts' chunks leave behind; not for each short prompt, as steps use it again."""
        self._uncleared += processed
        if self._uncleared >= self._config.prefill_step:
            self._uncleared = 0
            mx.clear_cache()
