"""Which sequence runs when: continuous batching with chunked prefill.

Each `step` processes at most `prefill_step` tokens of waiting prompts, fewer if that would hold up those that
decode for too long (see `pace`), and then draws one token for each of these. So a newcomer with a long prompt
delays the others by one short chunk at a time. No more than `max_concurrency` sequences hold a
cache; the rest wait in order of arrival.

What a step does follows from what was submitted and cancelled before it and from its `Decisions`, and from
nothing else: several ranks that hear the same do the same.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Collection, Iterable

import mlx.core as mx

from mlxk.engine.acceptance import check
from mlxk.engine.assembly import Assembly
from mlxk.engine.base import DoneReason, EngineConfig, EngineRequest, EngineStep
from mlxk.engine.batch import Sampled
from mlxk.engine.constraint import Compiled, Compiler, failure_of
from mlxk.engine.lanes import Lanes
from mlxk.engine.loader import disable_compile, generation_failure, is_compile_failure
from mlxk.engine.pace import Pace, portion
from mlxk.engine.prefill import Prefiller
from mlxk.engine.pressure import Pressure
from mlxk.engine.prompts import PromptCache
from mlxk.engine.sequence import Sequence
from mlxk.engine.wire import Cancel, Decisions, Submit
from mlxk.errors import MlxkError, RequestError

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
        self._pace = Pace(config.prefill_step)
        self._pressure = Pressure(config.memory_bytes)
        self._prefiller = Prefiller(assembly, config, self._prompts, self._pace, self._pressure)
        if config.memory_bytes is not None:
            self._prefiller.try_out()

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
    def peak_bytes(self) -> int:
        return self._pressure.peak

    def limit(self, memory_bytes: int) -> None:
        """The most bytes that MLX is to hold from now on, where it was limited before."""
        self._pressure.limit = memory_bytes

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
            check(request, self._config, self._vocabulary, self._adapters)
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
        """What the next step is to do as far as time and memory matter."""
        tight, kept = self._pressure.tight, len(self._prompts)
        admit = 0 if tight and self.running else self._room()
        entries = None if self._ranks is None else self._prompts.fitting()
        if kept and (tight or (self._waiting and not admit)):
            entries = kept - 1
        return Decisions(
            alone=self._pace.room(decoding=False),
            shared=self._pace.room(decoding=True),
            compiled=tuple(key for key, (_, compiled) in self._compiling.items() if compiled.done()),
            entries=entries,
            aside=self._newest() if tight and not kept else (),
            admit=admit,
        )

    def _newest(self) -> tuple[int, ...]:
        """The key of the request that makes room, if there are several."""
        holders = [*self._decoding.values(), *(each for each in self._prefilling if each.cache is not None)]
        return (holders[-1].key,) if len(holders) > 1 else ()

    def _room(self) -> int:
        """How many of those that wait may come in as far as memory goes: one at least, if nothing runs."""
        if self._config.memory_bytes is None:
            return self._slots
        tokens, count = 0, 0
        for sequence in itertools.islice(self._waiting, self._slots):
            tokens += sequence.remaining_prompt
            if not self._pressure.has_room(tokens, self.cache_bytes) and (count or self.running):
                break
            count += 1
        return count

    def step(self, decisions: Decisions | None = None) -> list[Output]:
        """Do one step of work; gives what happened, in order. Without `decisions`, its own."""
        decided = decisions or self.decide()
        if decided.entries is not None:
            self._prompts.trim(decided.entries)
        self._set_aside(decided.aside)
        self._advance(decided)
        self._decode(decided.admit)
        self._take_compiled(decided.compiled)
        self._admit(decided.admit)
        self._pressure.stepped()
        outputs, self._outputs = self._outputs, []
        return outputs

    def _decode(self, admit: int) -> None:
        """Draw tokens. If a part of a prompt is processed next, they are told before it, not behind it."""
        try:
            sampled = self._lanes.step()
            if self._decoding:
                self._pace.stepped(time.monotonic())
            else:
                self._pace.disturbed()
            self._report(sampled)
            if self._prefilling or min(admit, len(self._waiting), self._slots - self.running) > 0:
                self._report(self._lanes.tell())
        except (RuntimeError, ValueError, MemoryError) as error:
            self._fail(list(self._decoding.values()), error)
            self._lanes.clear()
            self._decoding.clear()
            return
        self._steps += 1
        if self._steps % CLEAR_EVERY == 0:
            mx.clear_cache()

    def _report(self, sampled: Iterable[Sampled]) -> None:
        """Tell of tokens, and end what they end."""
        now = time.monotonic()
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

    def _set_aside(self, keys: Iterable[int]) -> None:
        """Drop what these hold; they are the next ones to come in again."""
        for key in keys:
            if (decoding := self._decoding.pop(key, None)) is not None:
                sequence = decoding
                sequence.set_aside(self._lanes.drop(sequence))
            else:
                sequence = next(each for each in self._prefilling if each.key == key)
                self._prefilling.remove(sequence)
                sequence.set_aside()
            self._waiting.appendleft(sequence)
            logger.info("memory is short: a request of %d tokens waits", len(sequence.target))

    def _admit(self, most: int) -> None:
        for _ in range(min(most, len(self._waiting), self._slots - self.running)):
            sequence = self._waiting.popleft()
            if sequence.admitted is None:
                sequence.admitted = time.monotonic()
            self._prefilling.append(sequence)
        if self._prefilling and self._prefilling[0].cache is None:
            self._begin(self._prefilling[0])  # so that it is told before the first chunk is processed

    def _begin(self, sequence: Sequence) -> None:
        self._prefiller.begin(sequence)
        self._tell_progress(sequence)

    def _tell_progress(self, sequence: Sequence) -> None:
        if sequence.row is None:  # else its reader is past the prompt
            self._outputs.append((sequence.key, sequence.progress()))

    def _advance(self, decided: Decisions) -> None:
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
                if rest:
                    room -= self._prefiller.advance(sequence, size)
                    self._tell_progress(sequence)
                else:
                    room -= 1
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
