"""What a model's files say, read without MLX and without a tokenizer.

`read` is also the check that a folder is a whole model: a missing or corrupt file is refused here, by name,
before anything is loaded. Only headers are read, so it takes milliseconds for a model of any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlxk.errors import IncompleteModel, ModelError, UnsupportedModel
from mlxk.hub import headers
from mlxk.hub.files import read_json
from mlxk.hub.headers import Tensor, Tensors
from mlxk.hub.weights import weight_files

# Where configurations keep the length of the context, in the order of trust.
_CONTEXT_KEYS = ("max_position_embeddings", "max_sequence_length", "max_seq_len", "seq_length", "n_positions")
_DEFAULT_CONTEXT = 4096
_DTYPES = ("torch_dtype", "dtype")
# As the headers of safetensors files name them.
_SHORT = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.json", "tekken.json")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts about one model folder. Lengths in tokens, sizes in bytes. `tokenizer` is a folder.

    `tensors` are those of all weight files, as their headers tell.
    """

    path: Path
    reference: str
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    weight_files: tuple[Path, ...]
    other_tokenizer: Path | None = None
    tensors: Tensors = field(default_factory=dict, repr=False)

    @property
    def tokenizer(self) -> Path:
        """Where the tokenizer is: in the model's folder, unless the profile names another one."""
        return self.other_tokenizer or self.path

    @property
    def vocabulary(self) -> int | None:
        """How many ids the embedding holds, if config.json says so."""
        for part in _parts(self.config):
            if isinstance(value := part.get("vocab_size"), int):
                return value
        return None

    @property
    def model_type(self) -> str:
        return str(self.config["model_type"])

    @property
    def context_length(self) -> int:
        """The window the model was made for."""
        return context_length(self.config) or _DEFAULT_CONTEXT

    @property
    def eos_token_ids(self) -> tuple[int, ...]:
        """End-of-turn ids that config.json and generation_config.json name, without repeats."""
        sources = (self.generation_config, *_parts(self.config))
        return tuple(dict.fromkeys(token for source in sources for token in _eos_of(source)))

    @property
    def quantization(self) -> str:
        """How the weights are stored, such as `4bit`, `MXFP4` or `BF16`."""
        return quantization(self.config)

    @property
    def weights_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.weight_files)


def read(folder: Path, reference: str | None = None, *, tokenizer: Path | None = None) -> ModelFacts:
    """Read and check one model folder; raises `ModelError` naming the file that is missing or broken.

    `tokenizer` is a folder whose tokenizer is taken instead of the model's own.
    """
    name = reference or folder.name
    config = read_json(folder / "config.json", name, required=True)
    if not isinstance(config.get("model_type"), str):
        raise UnsupportedModel(
            f"{name}: config.json has no `model_type`", hint="is this a language model's folder?"
        )
    weights = weight_files(folder, name)
    tensors: dict[str, Tensor] = {}
    for file in weights:
        tensors |= headers.read(file, name)
    check_tokenizer(tokenizer or folder, name if tokenizer is None else tokenizer.name)
    return ModelFacts(
        path=folder,
        reference=name,
        config=config,
        generation_config=read_json(folder / "generation_config.json", name, required=False),
        weight_files=weights,
        tensors=tensors,
        other_tokenizer=tokenizer,
    )


def check_code(facts: ModelFacts, *, trusted: bool) -> None:
    """Raises `ModelError` where the model brings Python code of its own and may not run it, or lacks it."""
    file = facts.config.get("model_file")
    if file is None:
        return
    if not trusted:
        raise ModelError(
            f"{facts.reference} brings Python code of its own ({file}), and may not run it",
            hint="use a conversion to an architecture that mlx-lm has; or, if you trust its authors, say "
            "`model: {trust_remote_code: true}` in the profile",
        )
    if not (facts.path / str(file)).is_file():
        raise ModelError(
            f"{facts.reference}: the folder has no {file}, the code that config.json names",
            hint="download the whole repository",
        )


def check_tokenizer(folder: Path, name: str) -> None:
    """Raises `ModelError` where none of the files that hold a tokenizer is there."""
    if not any((folder / file).is_file() for file in _TOKENIZER_FILES):
        raise IncompleteModel(
            f"{name}: the folder has no tokenizer (tokenizer.json)",
            hint="download the whole repository again, tokenizer files included",
        )


def context_length(config: Mapping[str, Any]) -> int | None:
    """The context length that a config.json states, in tokens."""
    for part in _parts(config):
        for key in _CONTEXT_KEYS:
            if isinstance(value := part.get(key), int) and value > 0:
                return value
    return None


def quantization(config: Mapping[str, Any]) -> str:
    """How the weights are stored, such as `4bit`, `MXFP4` or `BF16`; empty if config.json is silent."""
    dtype = str(next((part[key] for part in _parts(config) for key in _DTYPES if part.get(key)), ""))
    return quantised(config) or _SHORT.get(dtype, dtype)


def quantised(config: Mapping[str, Any]) -> str | None:
    """`4bit` as mlx-community names it, or another format such as `MXFP4`; `None` for plain weights."""
    for part in (config.get("quantization"), config.get("quantization_config")):
        if isinstance(part, Mapping):
            mode = part.get("mode") or part.get("quant_method")
            if mode in (None, "affine") and isinstance(part.get("bits"), int):
                return f"{part['bits']}bit"
            return str(mode).upper() if mode else "quantised"
    return None


def _parts(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The configuration, and the text model's own where a larger one wraps it."""
    inner = config.get("text_config")
    return (config, inner) if isinstance(inner, Mapping) else (config,)


def _eos_of(source: Mapping[str, Any]) -> list[int]:
    value = source.get("eos_token_id")
    values = value if isinstance(value, list) else [value]
    return [token for token in values if isinstance(token, int)]
