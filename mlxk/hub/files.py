"""Which files of a repository mlxk needs, and how its JSON files are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mlxk.errors import IncompleteModel, ModelError

# What mlx-lm takes for weights.
WEIGHTS = "model*.safetensors"
# What loading a model reads. A snapshot that lacks one of these that its repository has is incomplete. What
# mlx-lm downloads by itself has all of them.
LOADED = (
    "config.json",
    "generation_config.json",
    WEIGHTS,
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "tekken.json",
    "*.tiktoken",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/*.jinja",
)
# What a download brings: also older tokenizer files, code for who trusts it, and what people want to read.
NEEDED = (*LOADED, "*.json", "*.txt", "*.model", "*.py", "README.md", "LICENSE*")
# Of a repository whose tokenizer alone is wanted: what loading it reads, and what a download of it brings.
LOADED_OF_TOKENIZER = tuple(pattern for pattern in LOADED if pattern != WEIGHTS)
NEEDED_OF_TOKENIZER = tuple(pattern for pattern in NEEDED if pattern != WEIGHTS)


def is_one_of(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path in a repository is matched, in the way of huggingface_hub: `*` matches `/` too."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def read_json(file: Path, name: str, *, required: bool = False) -> dict[str, Any]:
    """A JSON object, empty where it may be missing and is; raises `ModelError`."""
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        if not required:
            return {}
        raise IncompleteModel(
            f"{name}: the folder has no {file.name}", hint="a model folder holds config.json and its weights"
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # the last for one nested without end
        raise ModelError(
            f"{name}: {file.name} cannot be read: {error}", hint="download the model again"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{name}: {file.name} is not a JSON object", hint="download the model again")
    return content
