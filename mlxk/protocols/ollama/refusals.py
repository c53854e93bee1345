"""Endpoints that change which models there are: this server serves what its profile declares."""

from __future__ import annotations

from mlxk.errors import Forbidden, RequestError
from mlxk.protocols.base import Refusal
from mlxk.protocols.ollama.common import error_body

_DECLARED = "Models are declared in the server's profile, and no request changes them."

CREATE = Refusal(("POST",), lambda: Forbidden(_DECLARED, hint="Add a profile or a variant."), error_body)
COPY = Refusal(("POST",), lambda: Forbidden(_DECLARED, hint="Add an alias to the profile."), error_body)
DELETE = Refusal(
    ("DELETE",),
    lambda: Forbidden(_DECLARED, hint="To free its memory, load it with a keep_alive of 0."),
    error_body,
)
PUSH = Refusal(("POST",), lambda: Forbidden("This server does not upload models."), error_body)
BLOBS = Refusal(("POST", "HEAD"), lambda: Forbidden(_DECLARED), error_body, SUBTREE=True)
EMBED = Refusal(
    ("POST",),
    lambda: RequestError(
        "The models of this server generate text; none was trained to make embeddings.",
        hint="Use an embedding model for that.",
    ),
    error_body,
)
