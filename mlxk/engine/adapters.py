"""LoRA and DoRA adapters over one set of weights.

Every layer that an adapter changes is wrapped once and holds the small matrices of all adapters; before each
forward pass `AdapterBank.select` says which row of the batch takes which. So requests with different
adapters, or without one, decode together, and the base weights are in memory once. Where adapters change
the experts of a mixture, rows lose their order on the way to them: then `mixes` is false, and all rows of a
forward pass must have the same adapter.

The folders are mlx-lm's: adapter_config.json and adapters.safetensors.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.linear import Linear
from mlx.nn.layers.quantized import QuantizedLinear

from mlxk.engine import upstream
from mlxk.engine.adapted import AdaptedExperts, AdaptedLinear, Change, Selection, Wrapper
from mlxk.engine.loader import LoadedModel, first_line, is_out_of_memory, out_of_memory
from mlxk.errors import MlxkError, ModelError

_PARTS = ("lora_a", "lora_b", "m")


class AdapterBank:
    """The adapters of one model, by the folder's path as the configuration spells it."""

    def __init__(self, names: Sequence[str] = (), *, selection: Selection | None = None, mixes: bool = True):
        self._indices = {name: index for index, name in enumerate(names, 1)}
        self._selection = selection or Selection()
        self.mixes = mixes

    def __contains__(self, name: str) -> bool:
        return name in self._indices

    def select(self, names: Sequence[str | None]) -> None:
        """Say which adapter each row of the next forward pass takes."""
        if not self._indices:
            return
        indices = [0 if name is None else self._indices[name] for name in names]
        self._selection.one = indices[0]
        alike = all(index == indices[0] for index in indices)
        self._selection.each = None if alike else mx.array(indices, dtype=mx.uint32)


def load(loaded: LoadedModel, names: Sequence[str], model_name: str) -> AdapterBank:
    """Wrap what the adapters in the folders `names` change; raises `ModelError` when one does not fit."""
    selection = Selection()
    model = cast(Module, loaded.model)
    modules: dict[str, Module] = dict(model.named_modules())
    wrappers: dict[str, Wrapper] = {}
    for index, name in enumerate(names, 1):
        try:
            for path, change in _changes(Path(name)):
                if path not in wrappers:
                    wrappers[path] = _wrapped(path, modules.get(path), selection)
                _add(wrappers[path], path, index, change)
        except (ValueError, OSError, RuntimeError, KeyError, TypeError) as error:
            raise _unfit(Path(name), model_name, error) from error
    for wrapper in wrappers.values():
        wrapper.finish(len(names))
    if wrappers:
        from mlx.utils import tree_unflatten

        model.update_modules(cast(dict[str, Any], tree_unflatten(list(wrappers.items()))))
    mixes = not any(isinstance(wrapper, AdaptedExperts) for wrapper in wrappers.values())
    return AdapterBank(names, selection=selection, mixes=mixes)


def _changes(folder: Path) -> Iterator[tuple[str, Change]]:
    """What an adapter holds, by the path of the layer."""
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    scale = float(config["lora_parameters"]["scale"])
    tensors = cast(Mapping[str, mx.array], mx.load(str(folder / "adapters.safetensors")))
    layers: dict[str, dict[str, mx.array]] = defaultdict(dict)
    for name, tensor in tensors.items():
        path, _, part = name.rpartition(".")
        if part not in _PARTS:
            raise ValueError(f"{name} is no part of a LoRA or DoRA adapter")
        layers[path][part] = tensor
    for path, parts in layers.items():
        if "lora_a" not in parts or "lora_b" not in parts:
            raise ValueError(f"{path} lacks lora_a or lora_b")
        yield path, Change(parts["lora_a"], parts["lora_b"], scale, parts.get("m"))


def _wrapped(path: str, module: Module | None, selection: Selection) -> Wrapper:
    upstream.prepare()
    from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear

    match module:
        case None:
            raise ValueError(f"it changes {path}, which this model does not have")
        case Linear() | QuantizedLinear():
            return AdaptedLinear(module, selection)
        case SwitchLinear() | QuantizedSwitchLinear():
            return AdaptedExperts(module, selection)
        case _:
            raise ValueError(f"it changes {path}, a {type(module).__name__}, which cannot be adapted")


def _add(wrapper: Wrapper, path: str, index: int, change: Change) -> None:
    try:
        wrapper.add(index, change)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _unfit(folder: Path, model_name: str, error: BaseException) -> MlxkError:
    if is_out_of_memory(error):
        return out_of_memory(error)
    return ModelError(
        f"the adapter {folder.name} does not fit {model_name}: {first_line(error)}",
        hint=f"it works with the model that it was trained on, and no other{_base(folder)}",
    )


def _base(folder: Path) -> str:
    """What the adapter says that this model was."""
    try:
        base = json.loads((folder / "adapter_config.json").read_text("utf-8")).get("model")
    except (OSError, ValueError, AttributeError):
        return ""
    return f": {base}" if isinstance(base, str) else ""
