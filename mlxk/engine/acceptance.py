"""What an engine accepts: requests that its model can do at all."""

from __future__ import annotations

from collections.abc import Collection

from mlxk.engine.adapters import AdapterBank
from mlxk.engine.base import EngineConfig, EngineRequest
from mlxk.errors import ContextLengthExceeded, RequestError


def check(request: EngineRequest, config: EngineConfig, vocabulary: int, adapters: AdapterBank) -> None:
    """Raises `RequestError` for what is wrong. `vocabulary` is the number of token ids."""
    if not request.prompt:
        raise RequestError("the prompt has no tokens", param="prompt")
    if request.max_tokens < 1:
        raise RequestError("max_tokens must be at least 1", param="max_tokens")
    if len(request.prompt) >= config.context_length:
        raise ContextLengthExceeded(
            f"the prompt has {len(request.prompt)} tokens, the context window {config.context_length}",
            hint="shorten the conversation",
            param="prompt",
        )
    if request.adapter is not None and request.adapter not in adapters:
        raise RequestError(f"the model was loaded without the adapter {request.adapter}", param="model")
    _check_ids("prompt", request.prompt, vocabulary)
    _check_ids("logit_bias", [token for token, _ in request.sampling.logit_bias], vocabulary)
    _check_ids("xtc_special_tokens", request.sampling.xtc_special_tokens, vocabulary)


def _check_ids(param: str, ids: Collection[int], vocabulary: int) -> None:
    if ids and not (min(ids) >= 0 and max(ids) < vocabulary):
        raise RequestError(f"a token id in {param} is outside the vocabulary of {vocabulary}", param=param)
