"""Layers under LoRA and DoRA adapters: each holds the small matrices of all adapters.

A `Selection`, shared by all layers of a model, says which adapter the rows of the next forward pass take.
The wrappers compute what `mlx_lm.tuner` computes; DoRA's norms are computed once, not in every pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import mlx.core as mx
from mlx.nn.layers.base import Module
from mlx.nn.layers.quantized import QuantizedLinear


@dataclass(slots=True)
class Selection:
    """Which adapter the rows of the next forward pass take: one for all, or one each. 0 is none."""

    one: int = 0
    each: mx.array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What one adapter does to one layer; `a` and `b` as mlx-lm shapes them, `m` for DoRA."""

    a: mx.array
    b: mx.array
    scale: float
    m: mx.array | None = None


class Wrapper(Protocol):
    """A layer under all adapters."""

    def add(self, index: int, change: Change) -> None:
        """Raises `ValueError` when the shapes do not fit the layer."""
        ...

    def finish(self, adapters: int) -> None:
        """All were added: indices go from 1 to `adapters`."""
        ...


class AdaptedLinear(Module):
    """`linear`, with a low-rank term for each row, and for DoRA a magnitude."""

    def __init__(self, linear: Module, selection: Selection) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.linear = linear
        self._selection = selection
        self._changes: dict[int, Change] = {}
        self._a = self._b = mx.zeros((0,))
        self._magnitudes: mx.array | None = None

    def add(self, index: int, change: Change) -> None:
        weight = _plain_weight(self.linear, shape_only=True)
        _check_shapes(change, (weight[1],), (weight[0],))
        self._changes[index] = change

    def finish(self, adapters: int) -> None:
        """Stack them, narrower ones filled up with zeros; row 0 and absent ones change nothing."""
        rank = max(change.a.shape[1] for change in self._changes.values())
        first = next(iter(self._changes.values()))
        inputs, outputs = first.a.shape[0], first.b.shape[1]
        a = mx.zeros((adapters + 1, inputs, rank), dtype=first.a.dtype)
        b = mx.zeros((adapters + 1, rank, outputs), dtype=first.b.dtype)
        for index, change in self._changes.items():
            own = change.a.shape[1]
            a[index, :, :own] = change.a
            b[index, :own, :] = change.scale * change.b
        self._a, self._b = a, b
        if any(change.m is not None for change in self._changes.values()):
            self._magnitudes = self._norms(adapters, outputs)
        mx.eval([self._a, self._b, self._magnitudes])
        self._changes.clear()

    def _norms(self, adapters: int, outputs: int) -> mx.array:
        """Of shape (adapters + 1, outputs): learned magnitude over the norm of the adapted weights' rows."""
        weight = _plain_weight(self.linear).astype(mx.float32)
        rows = [mx.ones((outputs,))] * (adapters + 1)
        for index, change in self._changes.items():
            if change.m is not None:
                adapted = weight + (change.scale * change.b.T) @ change.a.T
                rows[index] = change.m / mx.linalg.norm(adapted, axis=1)
                mx.eval(rows[index])
        return mx.stack(rows)

    def __call__(self, x: mx.array) -> mx.array:
        y = cast(mx.array, self.linear(x))
        each, one = self._selection.each, self._selection.one
        if each is None and one == 0:
            return y
        if each is None:
            z = (x @ self._a[one]) @ self._b[one]
        else:
            z = mx.gather_mm(mx.gather_mm(x, self._a, rhs_indices=each), self._b, rhs_indices=each)
        y = y + z.astype(x.dtype)
        if self._magnitudes is None:
            return y
        factor = self._magnitudes[one if each is None else each[:, None]].astype(x.dtype)
        if "bias" in self.linear:  # magnitudes are of the weights alone
            y = y - self.linear.bias
            return cast(mx.array, factor * y + self.linear.bias)
        return factor * y


class AdaptedExperts(Module):
    """The expert layers of a mixture (mlx-lm's SwitchLinear), with one adapter for all rows."""

    def __init__(self, linear: Module, selection: Selection) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.linear = linear
        self._selection = selection
        self._changes: dict[int, Change] = {}

    def add(self, index: int, change: Change) -> None:
        if change.m is not None:
            raise ValueError("DoRA is not for experts")
        experts = self.linear.num_experts
        if change.a.shape[0] != experts or change.b.shape[0] != experts:
            raise ValueError(f"it has {change.a.shape[0]} experts, the model {experts}")
        scaled = (change.scale * change.b).swapaxes(-1, -2)
        fitting = Change(change.a.swapaxes(-1, -2), scaled, 1.0)
        _check_shapes(fitting, (experts, self.linear.input_dims), (experts, self.linear.output_dims))
        self._changes[index] = fitting

    def finish(self, adapters: int) -> None:
        mx.eval([(change.a, change.b) for change in self._changes.values()])

    def __call__(self, x: mx.array, indices: mx.array, sorted_indices: bool = False) -> mx.array:
        y = cast(mx.array, self.linear(x, indices, sorted_indices=sorted_indices))
        change = self._changes.get(self._selection.one)
        if change is None:
            return y
        z = mx.gather_mm(x, change.a, rhs_indices=indices, sorted_indices=sorted_indices)
        z = mx.gather_mm(z, change.b, rhs_indices=indices, sorted_indices=sorted_indices)
        return y + z.astype(x.dtype)


def _plain_weight(linear: Module, *, shape_only: bool = False) -> Any:
    """The weights, of shape (outputs, inputs), or that shape; quantised ones are unpacked."""
    if not isinstance(linear, QuantizedLinear):
        return linear.weight.shape if shape_only else linear.weight
    if shape_only:
        return linear.weight.shape[0], linear.scales.shape[-1] * linear.group_size
    return mx.dequantize(
        linear.weight,
        linear.scales,
        linear.get("biases"),
        group_size=linear.group_size,
        bits=linear.bits,
        mode=linear.mode,
    )


def _check_shapes(change: Change, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """`a` of shape (*experts, inputs, rank) and `b` of shape (*experts, rank, outputs)."""
    inputs, outputs = change.a.shape[-2], change.b.shape[-1]
    if (inputs, outputs) != (before[-1], after[-1]):
        raise ValueError(
            f"it is for {inputs} inputs and {outputs} outputs, the model has {before[-1]} and {after[-1]}"
        )
    if change.a.shape[-1] != change.b.shape[-2]:
        raise ValueError(f"its rank is {change.a.shape[-1]} in lora_a and {change.b.shape[-2]} in lora_b")
    if change.m is not None and change.m.shape != (outputs,):
        raise ValueError(f"its magnitudes have the shape {change.m.shape}, not {(outputs,)}")
