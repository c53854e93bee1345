"""Quantising a model in a process of its own, through mlx-lm: `python -m mlxk.engine.conversion`.

`convert` is the parent's side, the rest the child's: what mlx-lm takes of memory is gone with the process.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mlxk.hub.errand import Order, answer, send

_MODULE = "mlxk.engine.conversion"

Mode = Literal["affine", "mxfp4", "nvfp4", "mxfp8"]
Dtype = Literal["float16", "bfloat16", "float32"]
Recipe = Literal["mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What becomes of the weights. `None` is mlx-lm's default; without `quantize` they keep their type."""

    quantize: bool = True
    bits: int | None = None
    group_size: int | None = None
    mode: Mode = "affine"
    recipe: Recipe | None = None
    dtype: Dtype | None = None
    dequantize: bool = False


def convert(source: Path, target: Path, conversion: Conversion) -> None:
    """Write a converted copy of a model folder to `target`, which must not exist. Raises `MlxkError`."""
    order = {"source": str(source), "target": str(target), **asdict(conversion)}
    send(_MODULE, order, what=f"the conversion of {source.name}")


def _convert(order: Order) -> dict[str, Any]:
    from mlx_lm.convert import convert as upstream

    from mlxk.engine.loader import explain

    try:
        upstream(
            order["source"],
            order["target"],
            quantize=order["quantize"],
            q_bits=order["bits"],
            q_group_size=order["group_size"],
            q_mode=order["mode"],
            quant_predicate=order["recipe"],
            dtype=order["dtype"],
            dequantize=order["dequantize"],
        )
    except (Exception, SystemExit) as error:  # code of any model family runs here
        raise explain(error, Path(order["source"])) from error
    return {}


if __name__ == "__main__":
    answer(_convert)
