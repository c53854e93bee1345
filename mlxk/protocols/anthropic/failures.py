"""Errors as Anthropic's clients know them."""

from __future__ import annotations

from mlxk.errors import (
    EngineError,
    Forbidden,
    MlxkError,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    RequestError,
    RouteNotFound,
    ThreadNotFound,
    Unauthorized,
)
from mlxk.protocols.base import Json

_ERROR_TYPES: tuple[tuple[type[MlxkError], str], ...] = (
    (Unauthorized, "authentication_error"),
    (Forbidden, "permission_error"),
    (ModelNotFound, "not_found_error"),
    (RouteNotFound, "not_found_error"),
    (ThreadNotFound, "not_found_error"),
    (PayloadTooLarge, "request_too_large"),
    (Overloaded, "rate_limit_error"),
    (RequestError, "invalid_request_error"),
)


def error_body(error: MlxkError) -> Json:
    """Anthropic's error object. Messages that may name local things are told to the log alone."""
    told = isinstance(error, RequestError | EngineError)
    message = error.message if told else "The server had an error while processing the request."
    if told and error.param:
        message = f"{error.param}: {message}"
    if told and error.hint:
        message = f"{message.rstrip('.')}. {error.hint}"
    kind = next((name for known, name in _ERROR_TYPES if isinstance(error, known)), "api_error")
    # By this clients know which errors they can mend themselves.
    details = {"details": {"error_code": error.code}} if isinstance(error, ThreadNotFound) else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": None}
