"""The architecture of `rivals.paced`'s model: a tiny Llama on a simulated accelerator.

A forward pass takes `STEP` seconds, as long as reading all weights would, or `TOKEN` for each token of
prompts if that is longer, whatever the CPU needs beside it. As on a real device, a pass begins when the one
before is over and the host may prepare the next one meanwhile: a decoding step waits for its predecessor
only. A prompt's pass is evaluated and waited for, as all loops do that at once; so is the decoding step
behind it, whose tokens may be read before anything else is begun. The wait sleeps, so it costs neither CPU
nor the interpreter's lock.
"""

from __future__ import annotations

import time
from typing import Any

import mlx.core as mx
from mlx_lm.models import llama
from mlx_lm.models.llama import ModelArgs

__all__ = ["Model", "ModelArgs"]

STEP = 0.005
TOKEN = 0.0005


class Model(llama.Model):
    def __init__(self, args: ModelArgs) -> None:
        super().__init__(args)
        object.__setattr__(self, "_free_at", 0.0)
        object.__setattr__(self, "_prompt", False)  # whether the last pass was a prompt's

    def __call__(self, inputs: Any, cache: Any = None) -> Any:
        rows, length = inputs.shape
        before, now = self._free_at, time.perf_counter()
        free_at = max(before, now) + max(STEP, TOKEN * rows * (length - 1))
        behind_prompt = self._prompt
        object.__setattr__(self, "_free_at", free_at)
        object.__setattr__(self, "_prompt", length > 1)
        if length == 1:
            _sleep_until(free_at if behind_prompt else before)
            return super().__call__(inputs, cache=cache)
        logits = super().__call__(inputs, cache=cache)
        mx.eval([layer.state for layer in cache])
        _sleep_until(free_at)
        return logits


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))
