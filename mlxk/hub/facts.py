"""What a model's files say, read without MLX and without a tokenizer.

`read` is also the check that a folder is a whole model: a missing or corrupt file is refused here, by
name, before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts about one model folder. Lengths in tokens, sizes in bytes."""

    path: Path
    reference: str
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    context_length: int
    eos_token_ids: tuple[int, ...]
    weights_bytes: int
    weight_files: tuple[str, ...] = field(default=())

    @property
    def model_type(self) -> str:
        return str(self.config["model_type"])
