"""The architecture of `rivals.paced`'s model: a tiny Llama on a simulated accelerator.

A forward pass takes `STEP` seconds, as long as reading all weights would, or `TOKEN` for each token of
prompts if that is longer, whatever the CPU needs beside it. As on a real device, a pass begins when the one
before is over and the host may prepare the next one meanwhile: a decoding step waits for its predecessor
only. A prompt's pass is waited for, as all loops evaluate its keys and values at once. The wait sleeps, so
it costs neither CPU nor the interpreter's lock.
"""

from __future__ import annotations

import time
from typing import Any

from mlx_lm.models import llama
from mlx_lm.models.llama import ModelArgs

__all__ = ["Model", "ModelArgs"]

STEP = 0.005
TOKEN = 0.0005


class Model(llama.Model):
    def __init__(self, args: ModelArgs) -> None:
        super().__init__(args)
        object.__setattr__(self, "_free_at", 0.0)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        rows, length = inputs.shape
        before, now = self._free_at, time.perf_counter()
        free_at = max(before, now) + max(STEP, TOKEN * rows * (length - 1))
        object.__setattr__(self, "_free_at", free_at)
        time.sleep(max(0.0, (before if length == 1 else free_at) - now))
        return super().__call__(inputs, *args, **kwargs)
