"""The ranks of a group, as one of them sees it: its part of the model, and what all must agree on.

What is divided, and how the parts talk to each other, is mlx-lm's: the models' own `shard` (every layer is
computed by all ranks) and `pipeline` (every rank has some of the layers). That is what its `sharded_load`
does; but it also loads a tokenizer, which an engine has no use for, and lets it run code of the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import mlx.core as mx

from mlxk.engine.base import Backend, Distributed
from mlxk.errors import EngineError, ModelError

# MLX's names: rings over RDMA are a setting of the launcher.
_BACKENDS: Mapping[Backend, str] = MappingProxyType(
    {"ring": "ring", "jaccl": "jaccl", "jaccl-ring": "jaccl", "nccl": "nccl"}
)


@dataclass(frozen=True, slots=True)
class Ranks:
    """A group that this process is in."""

    group: mx.distributed.Group
    mode: Literal["tensor", "pipeline"]

    @classmethod
    def join(cls, config: Distributed) -> Ranks:
        """Wait for the other ranks; raises `EngineError` if there are none to be reached."""
        try:
            group = mx.distributed.init(strict=True, backend=_BACKENDS[config.backend])
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"the ranks cannot reach each other over {config.backend}: {error}",
                hint="`mlx.distributed_config` finds out how machines are connected",
            ) from error
        return cls(group, config.mode)

    def divide(self, model: Any) -> None:
        """Leave this rank's part of a model that is not evaluated yet."""
        if self.mode == "tensor":
            if not hasattr(model, "shard"):
                raise self._refusal(model, "pipeline")
            model.shard(self.group)
        else:
            if not hasattr(getattr(model, "model", None), "pipeline"):
                raise self._refusal(model, "tensor")
            model.model.pipeline(self.group)

    def _refusal(self, model: Any, other: str) -> ModelError:
        return ModelError(
            f"mlx-lm cannot divide models of the type {model.model_type} in the mode {self.mode}",
            hint=f"try `engine.distributed.mode: {other}`, or run it on one machine",
        )

    def agree(self, tokens: mx.array) -> mx.array:
        """The first rank's tokens: machines of different kinds may round differently."""
        # The others' zeros must come from what they drew, or they would not compute that at all.
        return mx.distributed.all_sum(tokens * int(self.group.rank() == 0), group=self.group)

    def meet(self) -> None:
        """Wait until all ranks are here."""
        mx.eval(mx.distributed.all_sum(mx.array(1.0), group=self.group))
