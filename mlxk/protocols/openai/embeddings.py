"""`POST /v1/embeddings`, which is not here: a model that writes text was not trained to tell texts apart."""

from __future__ import annotations

from mlxk.errors import RequestError
from mlxk.protocols.base import Refusal
from mlxk.protocols.openai.common import error_body

EMBEDDINGS = Refusal(
    ("POST",),
    lambda: RequestError(
        "The models of this server generate text; none was trained to make embeddings.",
        hint="Use an embedding model for that.",
        param="model",
    ),
    error_body,
)
