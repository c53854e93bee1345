"""`mlxk convert`: quantise a model with mlx-lm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.engine.conversion import Conversion, Dtype, Mode, Recipe
from mlxk.engine.conversion import convert as run_conversion
from mlxk.errors import Interrupted, UsageError
from mlxk.hub import facts, references, workspace
from mlxk.hub.facts import ModelFacts
from mlxk.hub.sizes import show

_DEFAULT_BITS = 4


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ConversionOptions:
    """What becomes of the weights."""

    bits: Literal[2, 3, 4, 5, 6, 8] | None = None
    """For each weight."""

    group_size: Literal[16, 32, 64, 128] | None = None
    """Weights that share a scale."""

    mode: Mode = "affine"
    """affine, or a format with fixed bits and groups: mxfp4, nvfp4, mxfp8."""

    recipe: Recipe | None = None
    """Give some layers more bits than others. With mode affine; instead of --bits."""

    dtype: Dtype | None = None
    """Of what is not quantised. Default: the model's own."""

    quantize: bool = True
    """Or only change --dtype."""

    dequantize: Annotated[bool, Parameter(negative="")] = False
    """Turn a quantised model back into floats."""

    @property
    def conversion(self) -> Conversion:
        chosen = self.bits is not None or self.mode != "affine" or self.recipe is not None
        return Conversion(
            quantize=self.quantize and not self.dequantize,
            bits=self.bits if chosen else _DEFAULT_BITS,
            group_size=self.group_size,
            mode=self.mode,
            recipe=self.recipe,
            dtype=self.dtype,
            dequantize=self.dequantize,
        )


_NO_OPTIONS = ConversionOptions()


def convert(
    model: ModelName,
    folder: Path,
    *,
    options: ConversionOptions = _NO_OPTIONS,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Quantise a model on this machine with mlx-lm, into a folder of its own.

    Without options the weights get 4 bits in groups of 64.

    Examples:
        mlxk convert Qwen/Qwen3-4B-Instruct-2507 qwen3-4b-6bit --bits 6
        mlxk convert ./my-model my-model-mxfp4 --mode mxfp4

    Parameters
    ----------
    model
        org/name, a short name, or a folder. mlxk pull fetches one.
    folder
        Where to; it must not exist.
    json_
        For programs.
    """
    conversion = options.conversion
    source = facts.read(references.locate(model), model)
    _possible(source, conversion)
    workspace.require_room(folder, source.weights_bytes)
    try:
        with workspace.new_folder(folder) as partial, waiting(f"converting {model}"):
            run_conversion(source.path, partial, conversion)
    except KeyboardInterrupt:
        note("stopped; nothing was kept")
        return Interrupted.exit_status
    _tell(source, facts.read(folder, str(folder)), json_)
    return 0


def _possible(source: ModelFacts, conversion: Conversion) -> None:
    quantised = "quantization" in source.config or "quantization_config" in source.config
    if conversion.quantize and quantised:
        raise UsageError(
            f"{source.reference} is quantised already ({source.quantization})",
            hint="start from the original, or add --dequantize first",
        )
    if conversion.dequantize and not quantised:
        raise UsageError(f"{source.reference} is not quantised", hint="leave --dequantize out")
    if not (conversion.quantize or conversion.dequantize or conversion.dtype):
        raise UsageError("there is nothing to do", hint="--no-quantize wants a --dtype")
    if conversion.recipe is not None and (conversion.mode != "affine" or conversion.bits is not None):
        raise UsageError("--recipe chooses the bits itself", hint="leave --bits and --mode out")
    if conversion.mode != "affine" and conversion.bits is not None:
        raise UsageError(f"the bits of {conversion.mode} are fixed", hint="leave --bits out")


def _tell(source: ModelFacts, made: ModelFacts, json_: bool) -> None:
    if json_:
        data = {
            "path": str(made.path),
            "quantization": made.quantization,
            "weights_bytes": made.weights_bytes,
            "source_weights_bytes": source.weights_bytes,
        }
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    print(made.path)
    note(f"{made.quantization}: {show(source.weights_bytes)} became {show(made.weights_bytes)}")
