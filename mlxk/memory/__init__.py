"""What a model takes of the machine's memory, told before it is loaded.

Everything is computed from `config.json` and the headers of the weight files, on this machine or fetched from
elsewhere: no weights are read, and MLX is not needed. `layers` says what one sequence keeps in each layer,
`need` adds everything up, `machine` knows what there is, `advice` says what to change when it does not fit.

The arithmetic is held against what engines really allocate, in `tests/memory`.
"""

from mlxk.hub.sizes import show
from mlxk.memory.advice import advice, refusal
from mlxk.memory.machine import Machine, machine
from mlxk.memory.need import MemoryNeed, Model, memory_needed, model_of

__all__ = [
    "Machine",
    "MemoryNeed",
    "Model",
    "advice",
    "machine",
    "memory_needed",
    "model_of",
    "refusal",
    "show",
]
