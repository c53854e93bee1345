"""What one sequence keeps in each layer of a model: keys and values, a window of them, or a state.

Widths come from the shapes of the projections, which have the same names in almost all models; which layers
look at a window only, and which share another's keys, from config.json, as mlx-lm reads it. Where that is
unknown a layer counts as full attention, which is never too little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from mlxk.hub.headers import Tensor, Tensors

STEP = 256  # tokens by which mlx-lm's caches grow
_BYTES = {"F32": 4, "F16": 2, "BF16": 2}

LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.(.+)")
# What the numbers that flow through the layers take their type from.
_STREAM = re.compile(r"(?:embed|wte|norm|ln_|[qk]_proj|qkv|query_key_value|c_attn)[^.]*\.(?:weight|scales)$")
# Parts of a repository that mlx-lm's text models leave out.
UNUSED = re.compile(
    r"(?:^|\.)(?:vision_tower|vision_model|visual|multi_modal_projector|audio_tower|embed_vision|embed_audio|"
    r"patch_merge_mlp|mtp|rotary_emb)\."
)
# Families whose caches mlx-lm bounds by the window where `layer_types` says so.
_BY_LAYER_TYPES = frozenset(
    {
        "afmoe",
        "exaone4",
        "exaone_moe",
        "gear",
        "gemma3n",
        "gemma3n_text",
        "gemma4",
        "gemma4_unified",
        "gemma4_text",
        "gpt_oss",
        "iquestcoder",
        "laguna",
        "llama",
        "mellum",
        "ministral3",
        "mistral",
        "mistral3",
        "muse_glimmer",
        "olmo3",
        "spark2_5",
        "step3p5",
        "xverse",
    }
)
# Families that keep the keys and values of multi-head latent attention unpacked.
_UNPACKED = frozenset({"deepseek_v2", "minicpm3", "youtu_llm"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's cache. `token_bytes` for each token, `window` the most tokens kept, `state_bytes` once."""

    token_bytes: int = 0
    window: int | None = None
    state_bytes: int = 0

    def bytes_for(self, tokens: int, chunk: int = 1) -> int:
        """Bytes of one sequence of `tokens` tokens, the last `chunk` of which came together.

        A window is cut back when the next token comes, so each of a chunk has a whole window before it.
        """
        held = -(-tokens // STEP) * STEP
        if self.window is not None:
            held = min(held, self.window - 1 + chunk, max(tokens, self.window))
        return self.token_bytes * held + self.state_bytes

    def longest(self, tokens: int) -> int:
        """How many keys a token of such a sequence looks at."""
        return 0 if not self.token_bytes else min(self.window or tokens, tokens)


def text_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of the text model, also where a larger one wraps it."""
    return {**config, **(config.get("text_config") or {})}


def layers(config: Mapping[str, Any], tensors: Tensors, *, kv_bits: int | None, group: int) -> list[Layer]:
    """The layers of a model that keep something. `kv_bits` and `group`: how keys and values are quantised."""
    text = text_config(config)
    shape = _Shape(text, activation_bytes(tensors), kv_bits, group)
    found = [shape.layer(index, names) for index, names in sorted(_by_layer(tensors).items())]
    count = text.get("num_hidden_layers") or text.get("n_layers") or text.get("n_layer")
    kept = found[: int(count)] if isinstance(count, int) else found
    shared = text.get("num_kv_shared_layers") or 0
    return kept[: len(kept) - shared]


def activation_bytes(tensors: Tensors) -> int:
    """Bytes of one activation: the widest type among embedding, norms and scales decides."""
    sizes = {
        _BYTES[tensor.dtype]
        for name, tensor in tensors.items()
        if tensor.dtype in _BYTES and _STREAM.search(name) and not UNUSED.search(name)
    }
    return max(sizes, default=2)


def _by_layer(tensors: Tensors) -> dict[int, dict[str, Tensor]]:
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if not UNUSED.search(name) and (match := LAYER.search(name)):
            found.setdefault(int(match[1]), {})[match[2]] = tensor
    return found


@dataclass(frozen=True, slots=True)
class _Shape:
    """Reads layers of one model. `item` is the size of an unquantised number."""

    config: Mapping[str, Any]
    item: int
    kv_bits: int | None
    group: int

    def layer(self, index: int, names: Mapping[str, Tensor]) -> Layer:
        width = self._width(index, names)
        state = self._state_bytes(names)
        if not width:
            return Layer(state_bytes=state)
        window = self._window(index)
        quantised = self.kv_bits if window is None and self._latent(names) is None else None
        return Layer(self._stored(width, quantised), window, state)

    def _stored(self, width: int, bits: int | None) -> int:
        """Bytes of so many numbers: quantised ones have a scale and a bias for each group."""
        if bits is None:
            return width * self.item
        return width * bits // 8 + 2 * self.item * (width // self.group)

    def _width(self, index: int, names: Mapping[str, Tensor]) -> int:
        """How many numbers a token's keys and values have."""
        latent = self._latent(names)
        if latent is not None:
            return latent + self._indexer()
        attention = _attention(names)
        if keys := _rows(attention, "k_proj", "wk"):
            return keys + (_rows(attention, "v_proj", "wv") or keys)
        fused = _rows(names, *_FUSED)
        return max(fused - self._heads() * self._head_dim(), 0)

    def _latent(self, names: Mapping[str, Tensor]) -> int | None:
        packed = _rows(names, "kv_a_proj_with_mqa", "kv_a_proj")
        if not packed:
            return None
        if self.config.get("model_type") not in _UNPACKED:
            return packed
        heads = int(self.config["num_attention_heads"])
        rope, nope = (int(self.config.get(key) or 0) for key in ("qk_rope_head_dim", "qk_nope_head_dim"))
        values = self.config.get("v_head_dim") or int(self.config["hidden_size"]) // heads
        return heads * (nope + rope + int(values))

    def _indexer(self) -> int:
        """DeepSeek's sparse attention keeps the keys of its indexer, twice."""
        return 2 * int(self.config.get("index_head_dim") or 0)

    def _heads(self) -> int:
        return int(_first(self.config, "num_attention_heads", "n_heads", "n_head") or 1)

    def _head_dim(self) -> int:
        known = _first(self.config, "head_dim", "kv_channels")
        return known or (_first(self.config, "hidden_size", "d_model", "n_embd") or 0) // self._heads()

    def _window(self, index: int) -> int | None:
        family, config = self.config.get("model_type"), self.config
        size = _first(config, *_WINDOW_KEYS)
        pattern = config.get("sliding_window_pattern")
        if family == "recurrent_gemma":
            return size
        if size is None:
            return None
        if family in ("gemma3", "gemma3_text", "cohere2"):
            every = int(pattern or (6 if family != "cohere2" else 4))
            return None if index % every == every - 1 else size
        if family == "exaone4" and isinstance(pattern, str):
            return size if pattern[index % len(pattern)] == "L" else None
        if family == "mimo_v2_flash":
            return size if config["hybrid_layer_pattern"][index] == 1 else None
        if family == "baichuan_m1":
            return size if index in config.get("sliding_window_layers", ()) else None
        types = config.get("layer_types") or ()
        if family in _BY_LAYER_TYPES and index < len(types):
            return size if types[index] == "sliding_attention" else None
        if family == "gpt_oss":
            return size if index % 2 == 0 else None
        return None

    def _state_bytes(self, names: Mapping[str, Tensor]) -> int:
        """A recurrent layer's state: the last inputs of its convolutions, and what it sums up."""
        convolved = 0
        for name, tensor in names.items():
            if re.search(r"conv(1d|_1d)?\.(conv\.)?weight$", name) and len(tensor.shape) == 3:
                kernel = max(tensor.shape[1:])
                convolved += tensor.shape[0] * (kernel - 1)
        return convolved * self.item + self._summed_bytes(names)

    def _summed_bytes(self, names: Mapping[str, Tensor]) -> int:
        if heads := _first(self.config, "linear_num_value_heads"):
            if not any("conv" in name for name in names):
                return 0
            dims = (_first(self.config, f"linear_{part}_head_dim") or 0 for part in ("key", "value"))
            return 4 * heads * prod(dims)
        for name, decay in names.items():
            if name.endswith("recurrent_param") or (name.endswith("A_log") and len(decay.shape) == 2):
                return self.item * prod(decay.shape)
            if name.endswith("A_log"):
                dim = _first(self.config, *_STATE_HEAD_KEYS) or 0
                return 4 * prod(decay.shape) * dim * (_first(self.config, *_STATE_KEYS) or dim)
        return 0


_FUSED = ("qkv_proj", "query_key_value", "c_attn", "Wqkv", "wqkv", "att_proj", "qkv")
_WINDOW_KEYS = ("sliding_window", "sliding_window_size", "attention_window_size", "window_size")
_STATE_KEYS = ("ssm_state_size", "mamba_d_state", "state_size")
_STATE_HEAD_KEYS = ("mamba_head_dim", "mamba_d_head", "hidden_size_per_head", "head_dim")


def _first(config: Mapping[str, Any], *keys: str) -> int | None:
    """The first of these that the configuration gives as a number other than 0."""
    return next((config[key] for key in keys if isinstance(config.get(key), int) and config[key]), None)


def _rows(names: Mapping[str, Tensor], *parts: str) -> int:
    """The rows of the first of these projections; columns may be packed, rows never are."""
    for name, tensor in names.items():
        pieces = name.split(".")
        if pieces[-1] == "weight" and len(pieces) > 1 and pieces[-2] in parts and len(tensor.shape) == 2:
            return tensor.shape[0]
    return 0


def _attention(names: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Without the parts that convolve: linear attention also projects keys, and keeps none."""
    linear = {name.split(".")[0] for name in names if "conv" in name}
    return {name: tensor for name, tensor in names.items() if name.split(".")[0] not in linear}
