"""All that one model takes, part by part.

Keys and values are counted for every request that may run at once, each with a full context: that is the most
that can happen. `least` is what the first answer takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import msgspec

from mlxk.engine.base import Distributed, EngineConfig, KVQuantization
from mlxk.errors import ModelError
from mlxk.hub import facts as model_facts
from mlxk.hub import headers
from mlxk.hub.facts import ModelFacts
from mlxk.hub.headers import Tensors
from mlxk.memory import layers as layer_shapes
from mlxk.memory.layers import LAYER, UNUSED, Layer, activation_bytes, text_config

# A prompt of this many tokens is what every model must be able to answer.
LEAST_CONTEXT = 4096

# The engine's process without its model: an interpreter with MLX, and what grows with the vocabulary, such as
# the tables of constrained output. Measured: 67 MB with 1,024 tokens.
_RUNTIME_BYTES = 64 << 20
_TOKEN_BYTES = 1 << 10
# Numbers per token that live together while a prompt is processed, in hidden and in inner widths of a layer.
_HIDDEN_LIVE, _INNER_LIVE = 8, 3
# Bytes per entry of the vocabulary and row for logits, their processing and sampling.
_LOGIT_BYTES = 24
# Head widths for which Metal computes attention without ever holding a whole matrix of scores.
_FUSED_HEADS = (64, 80, 128)
_F8 = ("F8_E4M3", "F8_E5M2")
# What the arithmetic meets where a config.json lacks a value, or has one of another type or out of range.
_UNUSABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes. `cache` is of all requests together, `least_*` of one request with a short context."""

    weights: int
    draft: int
    adapters: int
    runtime: int
    cache: int
    prompt_cache: int
    prefill: int
    least_cache: int
    least_prefill: int
    context: int
    concurrency: int

    @property
    def fixed(self) -> int:
        """What does not depend on requests."""
        return self.weights + self.draft + self.adapters + self.runtime

    @property
    def most(self) -> int:
        """Every request at once, each with a full context."""
        return self.fixed + self.cache + self.prompt_cache + self.prefill

    @property
    def least(self) -> int:
        """One request with the context that the profile promises, or a short one."""
        return self.fixed + self.least_cache + self.least_prefill

    def parts(self) -> dict[str, int]:
        """What `most` is made of, without what is not there."""
        requests = f"{self.concurrency} x " if self.concurrency > 1 else ""
        named = {
            "weights": self.weights,
            "draft model": self.draft,
            "adapters": self.adapters,
            f"KV cache, {requests}{self.context:,} tokens": self.cache,
            "prompt cache, at most": self.prompt_cache,
            "processing a prompt": self.prefill,
            "engine process": self.runtime,
        }
        return {name: size for name, size in named.items() if size}


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its headers show it. `adapter_bytes` is the size of all adapters' files together.

    `name` is what errors call it.
    """

    config: Mapping[str, Any]
    tensors: Tensors
    draft: Model | None = None
    adapter_bytes: int = 0
    name: str = "this model"

    def layers(self, kv: KVQuantization | None) -> list[Layer]:
        bits, group = (None, 64) if kv is None else (kv.bits, kv.group_size)
        return layer_shapes.layers(self.config, self.tensors, kv_bits=bits, group=group)

    @property
    def weights(self) -> int:
        """As mlx-lm holds them: without what a text model leaves out, and eight-bit floats unpacked."""
        return sum(
            tensor.nbytes * (2 if tensor.dtype in _F8 else 1)
            for name, tensor in self.tensors.items()
            if not UNUSED.search(name)
        )

    @property
    def quantises(self) -> bool:
        """Whether keys and values can be quantised in groups of the usual size."""
        config = text_config(self.config)
        width = _number(config, "head_dim") or _number(config, "hidden_size") // _heads(config)
        whole = (layer.window is None and layer.token_bytes for layer in self.layers(None))
        return width % KVQuantization(bits=8).group_size == 0 and any(whole)

    def need(self, load: EngineConfig, *, promised: int | None = None, fused: bool = False) -> MemoryNeed:
        """Under these settings. `promised`: the context that one request must be able to have.

        Raises `ModelError` for a configuration that says nothing of use.
        """
        with _read_as_it_is(self.name):
            return _possible(self._need(load, promised, fused=fused))

    def _need(self, load: EngineConfig, promised: int | None, *, fused: bool) -> MemoryNeed:
        here, part = _shares(load.distributed)
        kept = self.layers(load.kv)
        guessed = [] if self.draft is None else self.draft._guessed()
        least = min(promised or LEAST_CONTEXT, load.context_length)
        count = load.max_concurrency
        return MemoryNeed(
            weights=here * self._everywhere + int(part * (self.weights - self._everywhere)),
            draft=0 if self.draft is None else self.draft.weights,
            adapters=self.adapter_bytes,
            runtime=here * (_RUNTIME_BYTES + _TOKEN_BYTES * self._vocabulary),
            cache=int(part * count * _bytes_for([*kept, *guessed], load.context_length)),
            prompt_cache=here * load.prompt_cache_bytes if load.prompt_cache_entries else 0,
            prefill=here * self._transient(kept, load.prefill_step, load.context_length, count, fused=fused),
            least_cache=int(part * _bytes_for([*kept, *guessed], least)),
            least_prefill=here * self._transient(kept, load.prefill_step, least, 1, fused=fused),
            context=load.context_length,
            concurrency=count,
        )

    def _guessed(self) -> list[Layer]:
        """What a draft keeps."""
        with _read_as_it_is(self.name):
            return self.layers(None)

    @property
    def _everywhere(self) -> int:
        """The weights outside of layers, which every rank of a group has."""
        return sum(
            tensor.nbytes
            for name, tensor in self.tensors.items()
            if not (UNUSED.search(name) or LAYER.search(name))
        )

    @property
    def _vocabulary(self) -> int:
        return int(text_config(self.config).get("vocab_size") or 0)

    def _transient(self, kept: list[Layer], step: int, context: int, rows: int, *, fused: bool) -> int:
        """What one step takes for a moment: activations and scores of a piece of a prompt, what windows hold
        meanwhile, the copy of a layer whose cache grows, and the logits of all rows."""
        config, item = text_config(self.config), activation_bytes(self.tensors)
        tokens = min(step, context)
        hidden, heads = _number(config, "hidden_size", "n_embd", "d_model"), _heads(config)
        width = _number(config, "head_dim") or hidden // heads
        numbers = _HIDDEN_LIVE * max(hidden, heads * width) + _INNER_LIVE * _inner(config)
        windows = _bytes_for(kept, context, tokens) - _bytes_for(kept, context)
        longest = max((layer.longest(context) for layer in kept), default=0)
        held = 0 if fused and width in _FUSED_HEADS else heads * item
        scores = tokens * longest * (held + 1)  # and a mask
        growth = rows * max((layer.bytes_for(context) for layer in kept), default=0)
        logits = rows * self._vocabulary * _LOGIT_BYTES
        return tokens * item * numbers + windows + scores + growth + logits


@contextmanager
def _read_as_it_is(name: str) -> Iterator[None]:
    """The seam between a config.json, which may say anything, and the arithmetic, which checks none of it."""
    try:
        yield
    except _UNUSABLE as error:
        raise ModelError(
            f"{name}: its config.json does not tell what it takes of memory: {_reason(error)}",
            hint="download the model again, or correct that file",
        ) from error


def _reason(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def _possible(need: MemoryNeed) -> MemoryNeed:
    """Raises `ArithmeticError` for sizes that no model has: below zero, or beyond what can be shown."""
    if min(float(size) for size in astuple(need)) < 0:
        raise ArithmeticError("a size would be below zero")
    return need


def _shares(distributed: Distributed | None) -> tuple[int, float]:
    """How many ranks this machine has, and which part of the layers they hold together."""
    if distributed is None:
        return 1, 1.0
    return distributed.local, distributed.local / len(distributed.hosts)


def memory_needed(
    config: Mapping[str, Any],
    tensor_headers: Iterable[Mapping[str, Any]],
    load: EngineConfig,
    *,
    promised: int | None = None,
    fused: bool = False,
) -> MemoryNeed:
    """Of a model that need not be here: its parsed config.json and the parsed headers of its weight files.

    Raises `ModelError` for a configuration that says nothing of use, and `KeyError`, `TypeError` or
    `ValueError` for a header that is none.
    """
    tensors = {name: tensor for header in tensor_headers for name, tensor in headers.tensors(header).items()}
    return Model(config, tensors).need(load, promised=promised, fused=fused)


def model_of(facts: ModelFacts, load: EngineConfig) -> Model:
    """A model on this machine, with its draft and adapters; raises `ModelError`."""
    draft = None if load.draft is None else model_facts.read(Path(load.draft.model_path))
    return Model(
        facts.config,
        facts.tensors,
        None if draft is None else Model(draft.config, draft.tensors, name=draft.reference),
        sum(file.stat().st_size for folder in load.adapters for file in Path(folder).glob("*.safetensors")),
        facts.reference,
    )


def changed(load: EngineConfig, **values: object) -> EngineConfig:
    """The same settings with others in their place."""
    return msgspec.structs.replace(load, **values)


def _bytes_for(kept: Iterable[Layer], tokens: int, chunk: int = 1) -> int:
    return sum(layer.bytes_for(tokens, chunk) for layer in kept)


def _number(config: Mapping[str, Any], *keys: str) -> int:
    return next((int(config[key]) for key in keys if config.get(key)), 0)


def _heads(config: Mapping[str, Any]) -> int:
    return _number(config, "num_attention_heads", "n_heads", "n_head") or 1


def _inner(config: Mapping[str, Any]) -> int:
    """The widest inner layer: the feed-forward one, or the experts that one token goes through."""
    size = config.get("intermediate_size") or config.get("block_ff_dim") or config.get("n_inner")
    dense = max(size) if isinstance(size, list) else int(size or 4 * _number(config, "n_embd", "d_model"))
    chosen = _number(config, "num_experts_per_tok", "num_experts_per_token", "top_k_experts")
    expert = _number(config, "moe_intermediate_size") or dense
    return max(dense, chosen * expert)
