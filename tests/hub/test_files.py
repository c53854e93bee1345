"""Which files of a repository count, held against what mlx-lm downloads."""

from __future__ import annotations

from mlxk.hub.files import LOADED, NEEDED, is_one_of

FILES = (
    "README.md",
    "LICENSE.txt",
    "added_tokens.json",
    "additional_chat_templates/tool_use.jinja",
    "chat_template.jinja",
    "config.json",
    "consolidated.safetensors",
    "generation_config.json",
    "merges.txt",
    "model-00001-of-00002.safetensors",
    "model.safetensors.index.json",
    "modeling_own.py",
    "original/params.json",
    "params.json",
    "pytorch_model.bin",
    "qwen.tiktoken",
    "special_tokens_map.json",
    "tekken.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer.model.v3",
    "tokenizer_config.json",
    "vocab.json",
)
IGNORED = {"consolidated.safetensors", "pytorch_model.bin", "tokenizer.model.v3"}


def test_what_is_needed() -> None:
    assert {file for file in FILES if not is_one_of(file, NEEDED)} == IGNORED


def test_what_mlx_lm_downloads_is_whole() -> None:
    from mlx_lm.utils import DEFAULT_ALLOW_PATTERNS

    theirs = {file for file in FILES if is_one_of(file, DEFAULT_ALLOW_PATTERNS)}
    assert {file for file in FILES if is_one_of(file, LOADED)} <= theirs
