"""A served model's card: what clients may be told of a plan, its files and its text side. No local path."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import metadata
from types import MappingProxyType

from mlxk.hub import parameters
from mlxk.hub.facts import ModelFacts
from mlxk.plan import Plan
from mlxk.protocols.base import ModelCard, ModelDetails
from mlxk.text import TextModel

# Numbers of an architecture: GGUF's names, and those of config.json.
_SHAPE: Mapping[str, str] = MappingProxyType(
    {
        "embedding_length": "hidden_size",
        "block_count": "num_hidden_layers",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.head_count_kv": "num_key_value_heads",
        "attention.key_length": "head_dim",
        "attention.layer_norm_rms_epsilon": "rms_norm_eps",
        "rope.freq_base": "rope_theta",
        "expert_count": "num_experts",
        "vocab_size": "vocab_size",
    }
)
# The distributions of MLX that compute on a GPU.
_ACCELERATED = ("mlx-metal", "mlx-cuda-12", "mlx-cuda-13")


def card_of(plan: Plan, text: TextModel) -> ModelCard:
    return ModelCard(
        id=plan.name,
        created=int(time.time()),
        context_length=plan.context,
        config_hash=plan.config_hash,
        aliases=tuple(plan.profile.aliases),
        expose=plan.profile.reasoning.expose,
        details=_details(plan, text),
    )


def _details(plan: Plan, text: TextModel) -> ModelDetails:
    facts = plan.facts
    return ModelDetails(
        family=facts.model_type,
        parameters=parameters.count(facts.tensors, facts.config),
        quantization=parameters.storage(facts.tensors, facts.config),
        bytes=facts.weights_bytes,
        modified=max((file.stat().st_mtime for file in facts.weight_files), default=0.0),
        template=text.template_source(),
        shape=_shape(facts),
        settings=_settings(plan),
        capabilities=_capabilities(text),
        accelerated=any(map(_installed, _ACCELERATED)),
    )


def _capabilities(text: TextModel) -> tuple[str, ...]:
    able = {"tools": text.takes_tools, "thinking": text.thinks, "insert": text.infills}
    return ("completion", *(name for name, can in able.items() if can))


def _shape(facts: ModelFacts) -> Mapping[str, object]:
    inner = facts.config.get("text_config")
    config = {**(inner if isinstance(inner, Mapping) else {}), **facts.config}
    return {name: config[key] for name, key in _SHAPE.items() if isinstance(config.get(key), int | float)}


def _settings(plan: Plan) -> Mapping[str, object]:
    """What the profile says, under Ollama's names; what it leaves alone is left out."""
    sampling = plan.sampling
    said: dict[str, object] = {
        "num_ctx": plan.context,
        "num_predict": plan.profile.tokens.max_output,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p if sampling.top_p < 1 else None,
        "top_k": sampling.top_k or None,
        "min_p": sampling.min_p or None,
        "repeat_penalty": sampling.repetition_penalty if sampling.repetition_penalty != 1 else None,
        "presence_penalty": sampling.presence_penalty or None,
        "frequency_penalty": sampling.frequency_penalty or None,
        "seed": sampling.seed,
        "stop": [*plan.profile.stop.sequences, *plan.profile.stop.tokens] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
