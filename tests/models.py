"""Makers of tiny models: real architectures, real files, made on the spot in a fraction of a second.

Each maker fills a folder with config.json, generation_config.json, model.safetensors, tokenizer.json,
tokenizer_config.json and chat_template.jinja. All but one have seeded random weights;
`make_gpt_oss` has hand-made ones on top of real MXFP4 experts, so that greedy decoding after any prompt
that ends with `<|start|>assistant` says `GPT_OSS_SCRIPT`.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

CHATML_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
HARMONY_SPECIAL = (
    "<|startoftext|>",
    "<|endoftext|>",
    "<|return|>",
    "<|constrain|>",
    "<|channel|>",
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|call|>",
)
GPT_OSS_SCRIPT = (
    "<|channel|>analysis<|message|>ok<|end|><|start|>assistant<|channel|>final<|message|>hello<|return|>"
)
HARMONY_WORDS = (
    "assistant",
    "user",
    "system",
    "developer",
    "analysis",
    "commentary",
    "final",
    "ok",
    "hello",
    "functions",
    "json",
    "to",
    "Reasoning",
    "low",
    "medium",
    "high",
)
TEXT = (
    "The quick brown fox jumps over the lazy dog. Hello, how are you today? I am a tiny model.\n"
    "0 1 2 3 4 5 6 7 8 9 assistant user system You are a helpful assistant. Grüße, 世界! "
)

CHATML_TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}{{- (message.content or '').split('</think>')[-1].lstrip('\\n') }}
{%- else %}{{- message.content }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}
{{- '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}
{%- endif %}"""

HARMONY_TEMPLATE = """\
{{- '<|start|>system<|message|>You are a tiny model.\\n\\nReasoning: ' + (reasoning_effort or 'medium') -}}
{{- '\\n\\n# Valid channels: analysis, commentary, final.<|end|>' -}}
{%- if tools -%}
{{- '<|start|>developer<|message|># Tools\\n\\nnamespace functions {\\n' -}}
{%- for tool in tools -%}{{- 'type ' + tool.function.name + ' = (_: any) => any;\\n' -}}{%- endfor -%}
{{- '}<|end|>' -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role in ('system', 'developer') -%}
{{- '<|start|>developer<|message|># Instructions\\n\\n' + message.content + '<|end|>' -}}
{%- elif message.role == 'user' -%}
{{- '<|start|>user<|message|>' + message.content + '<|end|>' -}}
{%- elif message.role == 'assistant' -%}
{%- for call in message.tool_calls or [] -%}
{{- '<|start|>assistant to=functions.' + call.function.name -}}
{{- '<|channel|>commentary json<|message|>' + (call.function.arguments | tojson) + '<|call|>' -}}
{%- endfor -%}
{%- if message.content -%}
{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' -}}
{%- endif -%}
{%- elif message.role == 'tool' -%}
{{- '<|start|>functions.' + (message.name or 'tool') -}}
{{- ' to=assistant<|channel|>commentary<|message|>' + message.content + '<|end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start|>assistant' -}}{%- endif -%}"""


def make_qwen3(
    path: Path,
    *,
    layers: int = 2,
    hidden: int = 64,
    vocab: int = 512,
    context: int = 4096,
    seed: int = 0,
) -> Path:
    """A random Qwen3 with a ChatML template and `<think>` tokens."""
    tokenizer = _train((TEXT,), CHATML_SPECIAL, vocab, plain=("<think>", "</think>"))
    config = _decoder_config(tokenizer, layers, hidden, context) | {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "tie_word_embeddings": True,
    }
    _write_chatml(path, tokenizer, config)
    _save_random(path, config, seed)
    return path


def make_llama(
    path: Path,
    *,
    layers: int = 2,
    hidden: int = 64,
    vocab: int = 512,
    context: int = 4096,
    seed: int = 0,
) -> Path:
    """A random Llama with a ChatML template, untied, two end-of-turn tokens."""
    tokenizer = _train((TEXT,), CHATML_SPECIAL, vocab)
    config = _decoder_config(tokenizer, layers, hidden, context) | {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "tie_word_embeddings": False,
    }
    _write_chatml(path, tokenizer, config)
    _save_random(path, config, seed)
    return path


def make_qwen2(path: Path, *, layers: int = 3, hidden: int = 64, context: int = 4096, seed: int = 0) -> Path:
    """A random Qwen2: one of the models whose layers mlx-lm can spread over ranks."""
    tokenizer = _train((TEXT,), CHATML_SPECIAL, 512)
    config = _decoder_config(tokenizer, layers, hidden, context) | {
        "model_type": "qwen2",
        "architectures": ["Qwen2ForCausalLM"],
        "tie_word_embeddings": True,
    }
    _write_chatml(path, tokenizer, config)
    _save_random(path, config, seed)
    return path


def make_lfm2(path: Path, *, hidden: int = 64, context: int = 4096, seed: int = 0) -> Path:
    """A random LFM2: a hybrid, whose convolution layers keep a state that cannot be cut back."""
    tokenizer = _train((TEXT,), CHATML_SPECIAL, 512)
    config = _decoder_config(tokenizer, 3, hidden, context) | {
        "model_type": "lfm2",
        "architectures": ["Lfm2ForCausalLM"],
        "norm_eps": 1e-5,
        "conv_bias": False,
        "conv_L_cache": 3,
        "block_dim": hidden,
        "block_ff_dim": 2 * hidden,
        "block_multiple_of": 16,
        "block_ffn_dim_multiplier": 1.0,
        "block_auto_adjust_ff_dim": False,
        "full_attn_idxs": [1],
    }
    _write_chatml(path, tokenizer, config)
    _save_random(path, config, seed)
    return path


def make_gpt_oss(path: Path, *, context: int = 4096, kv_heads: int = 1, seed: int = 0) -> Path:
    """A two-layer gpt-oss (sliding + full attention, sinks, MXFP4 experts) that recites `GPT_OSS_SCRIPT`."""
    words = tuple(" ".join([word] * 3) + " " for word in HARMONY_WORDS)
    words += tuple("\n".join(HARMONY_WORDS) for _ in range(4))
    tokenizer = _train((*words, TEXT), HARMONY_SPECIAL, 512, words=HARMONY_WORDS)
    config = {
        "model_type": "gpt_oss",
        "architectures": ["GptOssForCausalLM"],
        "num_hidden_layers": 2,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "vocab_size": tokenizer.get_vocab_size(),
        "rms_norm_eps": 1e-5,
        "hidden_size": 64,
        "intermediate_size": 64,
        "head_dim": 32,
        "num_attention_heads": 2,
        "num_key_value_heads": kv_heads,
        "sliding_window": 8,
        "rope_theta": 150000,
        "max_position_embeddings": context,
        "layer_types": ["sliding_attention", "full_attention"],
        "tie_word_embeddings": False,
        "quantization": {"group_size": 32, "bits": 4, "mode": "mxfp4"},
    }
    eos = [tokenizer.token_to_id(token) for token in ("<|return|>", "<|endoftext|>", "<|call|>")]
    config["eos_token_id"] = eos[0]
    _write(path, tokenizer, config, eos=eos, eos_token="<|return|>", template=HARMONY_TEMPLATE)
    _save_scripted_gpt_oss(path, config, tokenizer, seed)
    return path


def make_adapter(
    path: Path,
    model: Path,
    *,
    kind: str = "lora",
    rank: int = 4,
    keys: tuple[str, ...] | None = ("self_attn.q_proj", "mlp.down_proj"),
    seed: int = 1,
    scale: float = 8.0,
) -> Path:
    """An adapter over `model` as mlx-lm's trainer writes it, with random weights that change what it says."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.tuner.utils import linear_to_lora_layers
    from mlx_lm.utils import load_model

    parameters = {"rank": rank, "scale": scale, "dropout": 0.0}
    if keys is not None:
        parameters["keys"] = list(keys)
    base, config = load_model(model)
    base.freeze()
    linear_to_lora_layers(base, config["num_hidden_layers"], parameters, use_dora=kind == "dora")
    key, tensors = mx.random.key(seed), {}
    for name, value in tree_flatten(base.trainable_parameters()):
        key, own = mx.random.split(key)
        noise = mx.random.normal(value.shape, scale=0.1, key=own)
        tensors[name] = value * (1 + noise) if name.endswith(".m") else value + noise
    path.mkdir(parents=True, exist_ok=True)
    mx.save_safetensors(str(path / "adapters.safetensors"), tensors)
    settings = {
        "fine_tune_type": kind,
        "model": str(model),
        "num_layers": config["num_hidden_layers"],
        "lora_parameters": parameters,
    }
    (path / "adapter_config.json").write_text(json.dumps(settings, indent=2))
    return path


def _train(
    texts: tuple[str, ...],
    special: tuple[str, ...],
    vocab: int,
    *,
    plain: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab - len(special) - len(plain),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in plain])
    for word in words:
        assert len(tokenizer.encode(word).ids) == 1, f"{word} is not one token"
    return tokenizer


def _decoder_config(tokenizer: Tokenizer, layers: int, hidden: int, context: int) -> dict[str, Any]:
    return {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "intermediate_size": hidden * 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": max(hidden // 4, 8),
        "rms_norm_eps": 1e-6,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": context,
        "rope_theta": 10000.0,
        "torch_dtype": "float32",
    }


def _write_chatml(path: Path, tokenizer: Tokenizer, config: dict[str, Any]) -> None:
    eos = [tokenizer.token_to_id(token) for token in ("<|im_end|>", "<|endoftext|>")]
    config["eos_token_id"] = eos[0]
    _write(path, tokenizer, config, eos=eos, eos_token="<|im_end|>", template=CHATML_TEMPLATE)


def _write(
    path: Path,
    tokenizer: Tokenizer,
    config: dict[str, Any],
    *,
    eos: list[int],
    eos_token: str,
    template: str,
) -> None:
    path.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path / "tokenizer.json"))
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": eos_token,
        "pad_token": "<|endoftext|>",
        "model_max_length": config["max_position_embeddings"],
        "clean_up_tokenization_spaces": False,
    }
    files = {
        "config.json": config,
        "generation_config.json": {"eos_token_id": eos, "temperature": 0.7, "top_p": 0.9},
        "tokenizer_config.json": tokenizer_config,
    }
    for name, content in files.items():
        (path / name).write_text(json.dumps(content, indent=2))
    (path / "chat_template.jinja").write_text(template)


def _save_random(path: Path, config: dict[str, Any], seed: int) -> None:
    import mlx.core as mx
    from mlx.utils import tree_flatten

    model = _build(config)
    keys = mx.random.split(mx.random.key(seed), 1000)
    flat = tree_flatten(model.parameters())
    weights = {
        name: value if value.ndim == 1 else mx.random.normal(value.shape, scale=0.2, key=key)
        for (name, value), key in zip(flat, keys, strict=False)
    }
    mx.save_safetensors(str(path / "model.safetensors"), weights, metadata={"format": "mlx"})


def _build(config: dict[str, Any]) -> Any:
    import importlib

    arch = importlib.import_module(f"mlx_lm.models.{config['model_type']}")
    return arch.Model(arch.ModelArgs.from_dict(config))


def _save_scripted_gpt_oss(path: Path, config: dict[str, Any], tokenizer: Tokenizer, seed: int) -> None:
    """Weights that spell the script.

    The residual stream holds one dimension per script token. The head of the first, sliding layer looks
    for `analysis` and `final` among the last eight tokens (the sinks take the weight when there is none)
    and writes which one it saw; the unembedding is the table of next tokens given both facts. All other
    layers are random and small.
    """
    import mlx.core as mx
    import mlx.nn as nn
    from mlx.utils import tree_flatten
    from mlx_lm.models.switch_layers import SwitchLinear

    names = ["<|channel|>", "analysis", "<|message|>", "ok", "<|end|>", "<|start|>", "assistant", "final"]
    names += ["hello", "<|return|>"]
    ids = {name: tokenizer.token_to_id(name) for name in names}
    dim = {name: index for index, name in enumerate(names)}
    saw_analysis, saw_final, other, marker = 20, 21, 22, 23

    model = _build(config)
    keys = iter(mx.random.split(mx.random.key(seed), 1000))
    flat = [
        (
            name,
            value
            if name.endswith("norm.weight")
            else mx.random.normal(value.shape, scale=1e-3, key=next(keys)),
        )
        for name, value in tree_flatten(model.parameters())
    ]
    model.load_weights(flat)

    embedding = mx.zeros((config["vocab_size"], config["hidden_size"]))
    embedding[:, other] = 1.0
    for name, token in ids.items():
        embedding[token, other] = 0.0
        embedding[token, dim[name]] = 1.0
    for name in ("analysis", "final"):
        embedding[ids[name], marker] = 1.0
    model.model.embed_tokens.weight = embedding

    head = config["head_dim"]
    slow = head // 2 - 1  # the pair of dimensions that rotary embeddings turn the least
    attention = model.model.layers[0].self_attn
    attention.sinks = mx.full((config["num_attention_heads"],), 10.0)
    attention.q_proj.bias[slow] = 10.0
    attention.k_proj.weight[slow, marker] = 3.0
    attention.v_proj.weight[0, dim["analysis"]] = 1.0
    attention.v_proj.weight[1, dim["final"]] = 1.0
    attention.o_proj.weight[saw_analysis, 0] = 1.0
    attention.o_proj.weight[saw_final, 1] = 1.0

    unembedding = mx.zeros_like(embedding)
    script = [
        "assistant",
        "<|channel|>",
        "analysis",
        "<|message|>",
        "ok",
        "<|end|>",
        "<|start|>",
        "assistant",
    ]
    for now, after in (
        *itertools.pairwise(script),
        ("final", "<|message|>"),
        ("hello", "<|return|>"),
    ):
        unembedding[ids[after], dim[now]] = 30.0
    unembedding[ids["final"], dim["<|channel|>"]] = 28.0
    unembedding[ids["final"], saw_analysis] = 4.0
    unembedding[ids["hello"], dim["<|message|>"]] = 28.0
    unembedding[ids["hello"], saw_final] = 4.0
    unembedding[ids["<|return|>"], other] = 30.0
    model.lm_head.weight = unembedding

    nn.quantize(
        model, 32, 4, mode="mxfp4", class_predicate=lambda _, module: isinstance(module, SwitchLinear)
    )
    weights = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(path / "model.safetensors"), weights, metadata={"format": "mlx"})
