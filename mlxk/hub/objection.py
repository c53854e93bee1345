"""Why mlx-lm could not load a model of the hub, from the names of its files and its config.json."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mlxk.errors import ModelError, UnsupportedModel
from mlxk.hub.files import WEIGHTS, is_one_of

_ANYWAY = "--force downloads it all the same"
_COMMUNITY = "mlx-community"
_SUGGESTIONS = 3


def objection(
    repo: str, paths: Collection[str], config: Mapping[str, Any], model_types: Collection[str]
) -> UnsupportedModel | None:
    """`None` for a model that it can. `model_types` are those that mlx-lm has code for."""
    if not any(is_one_of(path, [WEIGHTS]) for path in paths):
        return _without_weights(repo, paths)
    model_type = config.get("model_type")
    if not isinstance(model_type, str):
        return UnsupportedModel(
            f"{repo} is no language model: it has no config.json with a `model_type`",
            hint=_ANYWAY,
        )
    if config.get("model_file") is not None:
        return UnsupportedModel(
            f"{repo} brings Python code of its own (`model_file` in config.json), which mlxk does not "
            "run unless a profile trusts it",
            hint=f"use a conversion to an architecture that mlx-lm has{_suggestions(repo)}; {_ANYWAY}",
        )
    if model_types and model_type not in model_types:
        return UnsupportedModel(
            f"{repo} is of the type {model_type}, which the installed mlx-lm cannot load",
            hint="a newer mlx-lm may: pip install -U mlx-lm; --force downloads it all the same",
        )
    return None


def _without_weights(repo: str, paths: Collection[str]) -> UnsupportedModel:
    for pattern, what in _FOREIGN:
        if any(is_one_of(path, [pattern]) for path in paths):
            return UnsupportedModel(
                f"{repo} has {what}, which MLX does not load",
                hint=f"use the model in safetensors{_suggestions(repo)}, or the original and `mlxk convert`",
            )
    return UnsupportedModel(f"{repo} has no weights (model*.safetensors)", hint=_ANYWAY)


def _suggestions(repo: str) -> str:
    """Conversions of mlx-community with a name like this one; nothing where the hub does not say."""
    from huggingface_hub import HfApi

    from mlxk.hub.failures import told

    name = repo.rpartition("/")[2].removesuffix("-GGUF").removesuffix("-gguf")
    try:
        with told(repo):
            found = list(HfApi().list_models(author=_COMMUNITY, search=name, limit=_SUGGESTIONS))
    except ModelError:
        return ""
    return f" ({', '.join(model.id for model in found)})" if found else ""


_FOREIGN = (
    ("*.gguf", "GGUF files only"),
    ("adapter_*", "an adapter only"),
    ("*.bin", "PyTorch weights only"),
    ("*.pth", "PyTorch weights only"),
    ("*.pt", "PyTorch weights only"),
    ("*.onnx", "ONNX files only"),
    ("*.safetensors", "weights under other names only (not model*.safetensors)"),
)
