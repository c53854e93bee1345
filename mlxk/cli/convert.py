"""`mlxk convert`: quantise a model with mlx-lm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.engine.conversion import Conversion, Dtype, Mode, Recipe
from mlxk.engine.conversion import convert as run_conversion
from mlxk.errors import Interrupted, UsageError
from mlxk.hub import facts, references, workspace
from mlxk.hub.facts import ModelFacts
from mlxk.hub.sizes import show

_DEFAULT_BITS = 4


def convert(
    model: str,
    folder: Path,
    *,
    bits: Literal[2, 3, 4, 5, 6, 8] | None = None,
    group_size: Literal[16, 32, 64, 128] | None = None,
    mode: Mode = "affine",
    recipe: Recipe | None = None,
    dtype: Dtype | None = None,
    quantize: bool = True,
    dequantize: Annotated[bool, Parameter(negative="")] = False,
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
    bits
        For each weight.
    group_size
        Weights that share a scale.
    mode
        affine, or a format with fixed bits and groups: mxfp4, nvfp4, mxfp8.
    recipe
        Give some layers more bits than others. With mode affine; instead of --bits.
    dtype
        Of what is not quantised. Default: the model's own.
    quantize
        Or only change --dtype.
    dequantize
        Turn a quantised model back into floats.
    json_
        For programs.
    """
    conversion = Conversion(
        quantize=quantize and not dequantize,
        bits=bits or (_DEFAULT_BITS if mode == "affine" and recipe is None else None),
        group_size=group_size,
        mode=mode,
        recipe=recipe,
        dtype=dtype,
        dequantize=dequantize,
    )
    source = facts.read(references.locate(model), model)
    _possible(source, conversion, dtype)
    workspace.require_room(folder, source.weights_bytes)
    try:
        with workspace.new_folder(folder) as partial, waiting(f"converting {model}"):
            run_conversion(source.path, partial, conversion)
    except KeyboardInterrupt:
        note("stopped; nothing was kept")
        return Interrupted.exit_status
    _tell(source, facts.read(folder, str(folder)), json_)
    return 0


def _possible(source: ModelFacts, conversion: Conversion, dtype: Dtype | None) -> None:
    quantised = "quantization" in source.config or "quantization_config" in source.config
    if conversion.quantize and quantised:
        raise UsageError(
            f"{source.reference} is quantised already ({source.quantization})",
            hint="start from the original, or add --dequantize first",
        )
    if conversion.dequantize and not quantised:
        raise UsageError(f"{source.reference} is not quantised", hint="leave --dequantize out")
    if not (conversion.quantize or conversion.dequantize or dtype):
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
