"""Which sequence runs when: continuous batching with chunked prefill.

Each `step` draws one token for every decoding sequence and then processes at most `prefill_step` tokens of
waiting prompts: fewer, if that would hold up the decoding ones for too long (see `pace`). So a newcomer with
a long prompt delays the others by one short chunk at a time. No more than `max_concurrency` sequences hold a
cache; the rest wait in order of arrival.

What a step does follows from what was submitted and cancelled before it and from its `Decisions`, and from
nothing else: several ranks that hear the same do the same.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Collection, Iterable

import mlx.core as mx

from mlxk.engine.assembly import Assembly
from mlxk.engine.base import DoneReason, EngineConfig, EngineRequest, EngineStep
from mlxk.engine.constraint import Compiled, Compiler, failure_of
from mlxk.engine.lanes import Lanes
from mlxk.engine.loader import disable_compile, generation_failure, is_compile_failure
from mlxk.engine.pace import Pace, portion
from mlxk.engine.prompts import PromptCache
from mlxk.engine.sequence import Sequence
from mlxk.engine.wire import Cancel, Decisions, Submit
from mlxk.errors import ContextLengthExceeded, MlxkError, RequestError

logger = logging.getLogger(__name__)

CLEAR_EVERY = 512  # steps, as mlx-lm does: growing caches leave buffers of every size behind

Output = tuple[int, EngineStep | MlxkError]


class Scheduler:
    """Generates for many requests with one model. Not thread-safe: one thread owns it and its arrays."""

    def __init__(self, assembly: Assembly, config: EngineConfig, compiler: Compiler) -> None:
        self._model = assembly.loaded.model
        self._vocabulary = assembly.loaded.vocabulary
        self._caches = assembly.caches
        self._adapters = assembly.adapters
        self._config = config
        self._ranks = assembly.ranks
        self._prompts = PromptCache(
            assembly.caches,
            max_bytes=config.prompt_cache_bytes,
            max_entries=config.prompt_cache_entries,
            files=assembly.prompt_files,
            trims=assembly.ranks is None,
        )
        self._slots = config.max_concurrency if self._prompts.batchable else 1
        self._compiler = compiler
        self._compiling: dict[int, tuple[Sequence, Compiled]] = {}
        self._waiting: deque[Sequence] = deque()
        self._prefilling: deque[Sequence] = deque()
        self._decoding: dict[int, Sequence] = {}
        agree = None if assembly.ranks is None else assembly.ranks.agree
        self._lanes = Lanes(self._model, self._caches, self._adapters, assembly.speculator, agree)
        self._outputs: list[Output] = []
        self._steps = 0
        self._uncleared = 0  # tokens of prompts
        self._pace = Pace(config.prefill_step)

    @property
    def running(self) -> int:
        return len(self._prefilling) + len(self._decoding)

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._compiling)

    @property
    def idle(self) -> bool:
        """Whether a step would do nothing: what is being compiled announces itself."""
        compiled = any(future.done() for _, future in self._compiling.values())
        return not (self.running or self._waiting or self._outputs or compiled)

    @property
    def cache_bytes(self) -> int:
        return self._prompts.nbytes

    @property
    def prompts(self) -> PromptCache:
        return self._prompts

    def apply(self, command: Submit | Cancel) -> None:
        """Do what a front says."""
        match command:
            case Submit(key, request, seed):
                self.submit(key, request, seed)
            case Cancel(key):
                self.cancel(key)

    def submit(self, key: int, request: EngineRequest, seed: int) -> None:
        """Queue a generation; what is wrong with it is reported by the next `step`."""
        try:
            self._check(request)
        except RequestError as error:
            self._outputs.append((key, error))
            return
        limit = min(request.max_tokens, self._config.context_length - len(request.prompt))
        now = time.monotonic()
        sequence = Sequence.of(key, request, limit=limit, seed=seed, now=now)
        if request.constraint is None:
            self._waiting.append(sequence)
        else:
            compiled = self._compiler.compile(request.constraint, request.stop_tokens)
            self._compiling[key] = sequence, compiled

    def _check(self, request: EngineRequest) -> None:
        if not request.prompt:
            raise RequestError("the prompt has no tokens", param="prompt")
        if request.max_tokens < 1:
            raise RequestError("max_tokens must be at least 1", param="max_tokens")
        if len(request.prompt) >= self._config.context_length:
            raise ContextLengthExceeded(
                f"the prompt has {len(request.prompt)} tokens, "
                f"the context window {self._config.context_length}",
                hint="shorten the conversation",
                param="prompt",
            )
        if request.adapter is not None and request.adapter not in self._adapters:
            raise RequestError(f"the model was loaded without the adapter {request.adapter}", param="model")
        self._check_ids("prompt", request.prompt)
        self._check_ids("logit_bias", [token for token, _ in request.sampling.logit_bias])

    def _check_ids(self, param: str, ids: tuple[int, ...] | list[int]) -> None:
        if ids and not (min(ids) >= 0 and max(ids) < self._vocabulary):
            raise RequestError(
                f"a token id in {param} is outside the vocabulary of {self._vocabulary}", param=param
            )

    def cancel(self, key: int) -> None:
        """End a generation wherever it is; unknown and finished ones are ignored."""
        for queue in (self._waiting, self._prefilling):
            for sequence in queue:
                if sequence.key == key:
                    queue.remove(sequence)
                    self._finish(sequence, "cancelled")
                    return
        if key in self._compiling:
            sequence, compiled = self._compiling.pop(key)
            compiled.cancel()
            self._finish(sequence, "cancelled")
        elif (decoding := self._decoding.get(key)) is not None:
            self._retire([(decoding, "cancelled")])

    def decide(self) -> Decisions:
        """What the next step is to do as far as time matters."""
        return Decisions(
            alone=self._pace.room(decoding=False),
            shared=self._pace.room(decoding=True),
            compiled=tuple(key for key, (_, compiled) in self._compiling.items() if compiled.done()),
            entries=None if self._ranks is None else self._prompts.fitting(),
        )

    def step(self, decisions: Decisions | None = None) -> list[Output]:
        """Do one step of work; gives what happened, in order. Without `decisions`, its own."""
        decided = decisions or self.decide()
        if decided.entries is not None:
            self._prompts.trim(decided.entries)
        self._decode()
        self._prefill(decided)
        self._take_compiled(decided.compiled)
        self._admit()
        outputs, self._outputs = self._outputs, []
        return outputs

    def _decode(self) -> None:
        try:
            sampled = self._lanes.step()
        except (RuntimeError, ValueError, MemoryError) as error:
            self._fail(list(self._decoding.values()), error)
            self._lanes.clear()
            self._decoding.clear()
            return
        self._steps += 1
        if self._steps % CLEAR_EVERY == 0:
            mx.clear_cache()
        now = time.monotonic()
        if self._decoding:
            self._pace.stepped(now)
        else:
            self._pace.disturbed()
        ended: dict[Sequence, DoneReason] = {}
        failed: list[Sequence] = []
        for report in sampled:
            if report.sequence.failure is not None:
                failed.append(report.sequence)
                continue
            if report.sequence in ended:
                continue  # guessed behind its end
            self._outputs.append((report.sequence.key, report.step))
            if (reason := report.sequence.take(report.token, now)) is not None:
                ended[report.sequence] = reason
        self._retire(ended.items())
        self._abandon(failed)

    def _abandon(self, failed: list[Sequence]) -> None:
        """End sequences whose constraint cannot be followed any further."""
        self._lanes.leave(failed)
        for sequence in failed:
            del self._decoding[sequence.key]
            sequence.cache = None
            if sequence.failure is not None:
                self._outputs.append((sequence.key, sequence.failure))

    def _retire(self, ended: Collection[tuple[Sequence, DoneReason]]) -> None:
        self._lanes.leave([sequence for sequence, _ in ended])
        for sequence, reason in ended:
            del self._decoding[sequence.key]
            self._finish(sequence, reason)

    def _finish(self, sequence: Sequence, reason: DoneReason) -> None:
        if sequence.cache is not None:
            self._prompts.keep(sequence.tokens, sequence.cache, sequence.request.adapter)
            sequence.cache = None
        self._outputs.append((sequence.key, sequence.done(reason, time.monotonic())))

    def _take_compiled(self, keys: Iterable[int]) -> None:
        """Queue what was compiled, by now or in a moment; tell what cannot be."""
        for key in keys:
            sequence, compiled = self._compiling.pop(key)
            if (failure := failure_of(compiled)) is not None:
                self._outputs.append((key, failure))
            else:
                sequence.guides += (compiled.result(),)
                self._waiting.append(sequence)

    def _admit(self) -> None:
        while self._waiting and self.running < self._slots:
            sequence = self._waiting.popleft()
            sequence.admitted = time.monotonic()
            self._prefilling.append(sequence)
        if self._prefilling and self._prefilling[0].cache is None:
            self._begin(self._prefilling[0])  # so that it is told before the first chunk is processed

    def _begin(self, sequence: Sequence) -> None:
        """Take what is cached of a prompt. It is its turn: what those before it left is there by now."""
        request = sequence.request
        sequence.cache, sequence.cached = self._prompts.fetch(request.prompt, request.adapter)
        sequence.tokens = list(request.prompt[: sequence.cached])
        sequence.checkpoints = self._prompts.checkpoints(
            request.prompt, sequence.cached, request.adapter, request.shared
        )
        self._outputs.append((sequence.key, sequence.progress()))

    def _prefill(self, decided: Decisions) -> None:
        whole = room = decided.shared if self._decoding else decided.alone
        while self._prefilling and room > 0:
            sequence = self._prefilling[0]
            try:
                if sequence.cache is None:
                    self._begin(sequence)
                rest = sequence.remaining_prompt - 1
                size = min(portion(rest, room, whole), self._config.prefill_step)
                if rest and not size:
                    return
                room -= self._process(sequence, size)
            except (RuntimeError, ValueError, MemoryError) as error:
                self._prefilling.popleft()
                self._fail([sequence], error)
                return
            if sequence.remaining_prompt == 1:
                self._prefilling.popleft()
                self._lanes.join(sequence)
                self._decoding[sequence.key] = sequence
                # From here on somebody waits for a first token.
                whole, room = min(whole, decided.shared), min(room, decided.shared)

    def _process(self, sequence: Sequence, size: int) -> int:
        """Put at most `size` more prompt tokens into the sequence's cache; gives how many."""
        prompt, start = sequence.request.prompt, len(sequence.tokens)
        checkpoints = [place for place in sequence.checkpoints if place > start]
        ends = (start + size, len(prompt) - 1, *checkpoints, self._caches.boundary(start))
        stop = min(end for end in ends if end is not None)
        if stop <= start or sequence.cache is None:
            return 1
        chunk, began = prompt[start:stop], time.monotonic()
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
        self._outputs.append((sequence.key, sequence.progress()))
        return len(chunk)

    def _clear(self, processed: int) -> None:
        """Give back what prompts' chunks leave behind; not for each short prompt, as steps use it again."""
        self._uncleared += processed
        if self._uncleared >= self._config.prefill_step:
            self._uncleared = 0
            mx.clear_cache()

    def _fail(self, sequences: list[Sequence], error: BaseException) -> None:
        if self._ranks is not None:
            raise error  # the other ranks wait for this one: nothing can go on
        logger.error("generation failed", exc_info=error)
        if is_compile_failure(error):
            disable_compile(error)
        for sequence in sequences:
            sequence.cache = None
            self._outputs.append((sequence.key, generation_failure(error)))

    def close(self) -> None:
        """Forget everything; what was running is not reported."""
        self._compiling.clear()
        self._waiting.clear()
        self._prefilling.clear()
        self._decoding.clear()
        self._lanes.clear()
        self._prompts.clear()
