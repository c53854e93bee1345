"""Tiny configurations of model families that keep different things between tokens."""

from __future__ import annotations

from typing import Any

_DENSE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "rms_norm_eps": 1e-5,
    "vocab_size": 128,
    "max_position_embeddings": 4096,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
}
_MLA: dict[str, Any] = _DENSE | {
    "kv_lora_rank": 32,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "moe_intermediate_size": 32,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "moe_layer_freq": 1,
    "routed_scaling_factor": 1.0,
    "attention_bias": False,
}
_YARN = {"type": "yarn", "factor": 2, "original_max_position_embeddings": 2048, "beta_fast": 32}
_YARN |= {"beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0}
_HALF_SLIDING = {"sliding_window": 32, "layer_types": ["full_attention", "sliding_attention"] * 2}
_LLAMA3_ROPE = {"factor": 2.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
_LLAMA3_ROPE |= {"original_max_position_embeddings": 8192, "rope_type": "llama3"}
_MAMBA: dict[str, Any] = {
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 128,
    "state_size": 16,
    "num_hidden_layers": 3,
    "conv_kernel": 4,
    "use_bias": False,
    "use_conv_bias": True,
    "tie_word_embeddings": True,
}
_MAMBA_HEADS = {"mamba_d_conv": 4, "mamba_d_state": 16, "mamba_d_head": 16, "mamba_n_groups": 1}
_MAMBA_HEADS |= {"mamba_proj_bias": False, "mamba_conv_bias": True}

FAMILIES: dict[str, dict[str, Any]] = {
    "qwen3": _DENSE,
    "qwen2": _DENSE | {"sliding_window": 32},  # mlx-lm keeps everything
    "phi3": _DENSE,
    "mixtral": _DENSE | {"num_experts_per_tok": 2, "num_local_experts": 4},
    "llama": _DENSE | _HALF_SLIDING,
    "olmo3": _DENSE | _HALF_SLIDING,
    "gemma2": _DENSE
    | {
        "query_pre_attn_scalar": 16,
        "sliding_window": 32,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
    },
    "gemma3_text": _DENSE
    | {
        "num_hidden_layers": 7,
        "sliding_window": 32,
        "sliding_window_pattern": 6,
        "query_pre_attn_scalar": 16,
    },
    "cohere2": _DENSE
    | {"sliding_window": 32, "layer_norm_eps": 1e-5, "logit_scale": 1.0, "sliding_window_pattern": 4},
    "exaone4": _DENSE
    | {"sliding_window": 32, "sliding_window_pattern": "LLLG", "rope_scaling": _LLAMA3_ROPE},
    "recurrent_gemma": _DENSE
    | {
        "attention_bias": False,
        "conv1d_width": 4,
        "logits_soft_cap": 30.0,
        "block_types": ["recurrent", "attention"],
        "attention_window_size": 32,
        "embeddings_scale_by_sqrt_dim": True,
        "num_key_value_heads": 1,
    },
    "deepseek_v2": _MLA | {"rope_scaling": _YARN, "topk_method": "greedy"},
    "deepseek_v3": _MLA
    | {
        "rope_scaling": None,
        "norm_topk_prob": True,
        "topk_method": "noaux_tc",
        "scoring_func": "sigmoid",
    },
    "kimi_linear": _MLA
    | {
        "linear_attn_config": {
            "kda_layers": [1, 2],
            "full_attn_layers": [3, 4],
            "num_heads": 2,
            "head_dim": 16,
            "short_conv_kernel_size": 4,
        },
        "num_experts": 4,
        "num_experts_per_token": 2,
        "num_shared_experts": 1,
        "moe_router_activation_func": "sigmoid",
        "moe_renormalize": True,
        "model_max_length": 4096,
    },
    "qwen3_next": _DENSE
    | {
        "linear_num_value_heads": 4,
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
        "linear_conv_kernel_dim": 4,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "decoder_sparse_step": 1,
        "shared_expert_intermediate_size": 32,
        "mlp_only_layers": [],
        "moe_intermediate_size": 32,
        "partial_rotary_factor": 0.25,
        "full_attention_interval": 4,
    },
    "mamba": _MAMBA | {"time_step_rank": 4},
    "mamba2": _MAMBA
    | {
        "num_heads": 4,
        "head_dim": 32,
        "layer_norm_epsilon": 1e-5,
        "n_groups": 1,
        "time_step_limit": [0.0, 100.0],
        "time_step_rank": "auto",
        "max_position_embeddings": 1000,
    },
    "falcon_h1": _DENSE
    | _MAMBA_HEADS
    | {
        "mamba_expand": 2,
        "mamba_n_heads": 4,
        "mamba_d_ssm": 64,
        "mamba_chunk_size": 128,
        "mamba_rms_norm": True,
    },
    "granitemoehybrid": _DENSE
    | _MAMBA_HEADS
    | {
        "layer_types": ["mamba", "attention"] * 2,
        "attention_bias": False,
        "embedding_multiplier": 1.0,
        "attention_multiplier": 1.0,
        "logits_scaling": 1.0,
        "residual_multiplier": 1.0,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "shared_intermediate_size": 32,
        "mamba_n_heads": 8,
        "position_embedding_type": "nope",
    },
    "nemotron_h": _DENSE
    | {
        "attention_bias": False,
        "mamba_num_heads": 8,
        "mamba_head_dim": 16,
        "mamba_proj_bias": False,
        "ssm_state_size": 16,
        "conv_kernel": 4,
        "n_groups": 2,
        "time_step_limit": [0.0, 100.0],
        "mlp_bias": False,
        "layer_norm_epsilon": 1e-5,
        "use_bias": False,
        "use_conv_bias": True,
        "hybrid_override_pattern": ["M", "*", "M", "-"],
        "mlp_hidden_act": "relu2",
    },
    "gpt2": {
        "n_ctx": 1024,
        "n_embd": 64,
        "n_head": 4,
        "n_layer": 3,
        "n_positions": 1024,
        "layer_norm_epsilon": 1e-5,
        "vocab_size": 128,
    },
    "gpt_neox": _DENSE | {"layer_norm_eps": 1e-5, "rotary_emb_base": 10000, "rotary_pct": 0.5},
    "starcoder2": _DENSE | {"norm_epsilon": 1e-5},
    "internlm2": _DENSE,
}
