"""Every error mlxk raises on purpose, and what each edge does with it.

The tree::

    MlxkError                     code              exit  http
    ├── UsageError                usage              2    400
    ├── ProfileError              invalid_profile    1    500
    │   └── ProfileNotFound       profile_not_found  1    500
    ├── RequestError              invalid_request    2    400
    │   ├── UnsupportedParameter  unsupported_...    2    400
    │   ├── ContextLengthExceeded context_length_... 1    400
    │   ├── TemplateError         template_error     1    400
    │   ├── ModelNotFound         model_not_found    1    404
    │   ├── RouteNotFound         not_found          1    404
    │   ├── ResponseNotFound      response_not_found 1    404
    │   ├── ThreadNotFound        thread_not_found   1    404
    │   ├── PreviousResponseNotFound  previous_...   1    400
    │   ├── MethodNotAllowed      method_not_allowed 1    405
    │   ├── RequestTimeout        request_timeout    1    408
    │   ├── PayloadTooLarge       payload_too_large  1    413
    │   ├── UnsupportedMediaType  unsupported_...    1    415
    │   ├── Unauthorized          invalid_api_key    1    401
    │   ├── Forbidden             forbidden          1    403
    │   ├── ConfigurationRefused  configuration_...  1    422
    │   └── Overloaded            overloaded         1    429
    │       └── RateLimited       rate_limit_...     1    429
    ├── ModelError                invalid_model      1    500
    │   ├── ModelUnavailable      model_unavailable  1    500
    │   ├── IncompleteModel       incomplete_model   1    500
    │   ├── UnsupportedModel      unsupported_model  1    500
    │   ├── AccessDenied          access_denied      1    500
    │   ├── HubUnreachable        hub_unreachable    1    500
    │   └── InsufficientDisk      insufficient_disk  1    507
    ├── EngineError               engine_error       1    500
    │   ├── EngineUnavailable     engine_unavailable 1    503
    │   ├── EngineCrashed         engine_crashed     1    503
    │   ├── DownloadFailed        download_failed    1    502
    │   └── InsufficientMemory    insufficient_m...  1    507
    ├── AddressInUse              address_in_use     1    500
    └── Interrupted               interrupted        130  499

Rules: a message says what is wrong, a hint says what to do; both are safe to show to a stranger over
HTTP only for `RequestError` and `EngineError` (other messages may name local paths). Every exception of
a library is mapped to one of these at the seam where it enters.
"""

from __future__ import annotations


class MlxkError(Exception):
    """An error with a message for people, a stable code, and what both edges need to report it."""

    code: str = "error"
    exit_status: int = 1
    http_status: int = 500

    def __init__(self, message: str, *, hint: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param = param

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.param)


def _rebuild(cls: type[MlxkError], message: str, hint: str | None, param: str | None) -> MlxkError:
    return cls(message, hint=hint, param=param)


class UsageError(MlxkError):
    """The command line itself is wrong."""

    code = "usage"
    exit_status = 2
    http_status = 400


class ProfileError(MlxkError):
    """A profile, or a set of profiles, is not valid. `mlxk.config` adds positions to it."""

    code = "invalid_profile"


class ProfileNotFound(ProfileError):
    code = "profile_not_found"


class RequestError(MlxkError):
    """What the caller asked for cannot be done as asked; `param` names the field."""

    code = "invalid_request"
    exit_status = 2
    http_status = 400


class UnsupportedParameter(RequestError):
    code = "unsupported_parameter"


class ContextLengthExceeded(RequestError):
    code = "context_length_exceeded"
    exit_status = 1


class TemplateError(RequestError):
    """The model's chat template refused the messages, in its own words."""

    code = "template_error"
    exit_status = 1


class ModelNotFound(RequestError):
    """No served model has this name."""

    code = "model_not_found"
    exit_status = 1
    http_status = 404


class RouteNotFound(RequestError):
    code = "not_found"
    exit_status = 1
    http_status = 404


class ResponseNotFound(RequestError):
    """No stored response, or no item of one, has this id."""

    code = "response_not_found"
    exit_status = 1
    http_status = 404


class ThreadNotFound(RequestError):
    """Anthropic's clients then send the whole conversation again."""

    code = "thread_not_found"
    exit_status = 1
    http_status = 404


class PreviousResponseNotFound(RequestError):
    """The response to build upon is not stored; OpenAI says so with a 400."""

    code = "previous_response_not_found"
    exit_status = 1


class MethodNotAllowed(RequestError):
    code = "method_not_allowed"
    exit_status = 1
    http_status = 405


class RequestTimeout(RequestError):
    code = "request_timeout"
    exit_status = 1
    http_status = 408


class PayloadTooLarge(RequestError):
    code = "payload_too_large"
    exit_status = 1
    http_status = 413


class UnsupportedMediaType(RequestError):
    """A body that does not say it is JSON: browsers send such bodies across sites without asking."""

    code = "unsupported_media_type"
    exit_status = 1
    http_status = 415


class Unauthorized(RequestError):
    code = "invalid_api_key"
    exit_status = 1
    http_status = 401


class Forbidden(RequestError):
    code = "forbidden"
    exit_status = 1
    http_status = 403


class ConfigurationRefused(RequestError):
    """What a server was to reload cannot be used; only its operator is told why."""

    code = "configuration_refused"
    exit_status = 1
    http_status = 422


class Overloaded(RequestError):
    """The queue is full; `retry_after` is in seconds."""

    code = "overloaded"
    exit_status = 1
    http_status = 429
    retry_after: int = 1


class RateLimited(Overloaded):
    """An API key asks for more than it may."""

    code = "rate_limit_exceeded"


class ModelError(MlxkError):
    """A model's files are incomplete, corrupt, or not of a kind that MLX can load."""

    code = "invalid_model"


class ModelUnavailable(ModelError):
    """The model is not on this machine."""

    code = "model_unavailable"


class IncompleteModel(ModelError):
    """Files of the model are missing: its download did not end."""

    code = "incomplete_model"


class UnsupportedModel(ModelError):
    """Nothing is wrong with the model, but mlx-lm has no way to load it."""

    code = "unsupported_model"


class AccessDenied(ModelError):
    """The hub wants a token, another token, or accepted terms."""

    code = "access_denied"


class HubUnreachable(ModelError):
    """The hub does not answer, is told not to be asked, or asks for patience."""

    code = "hub_unreachable"


class InsufficientDisk(ModelError):
    code = "insufficient_disk"
    http_status = 507


class EngineError(MlxkError):
    """Generation failed for a reason that is not the caller's."""

    code = "engine_error"


class EngineUnavailable(EngineError):
    """The engine is starting, restarting or draining; trying again later makes sense."""

    code = "engine_unavailable"
    http_status = 503
    retry_after: int = 1


class EngineCrashed(EngineError):
    """The engine process died while it worked for this request."""

    code = "engine_crashed"
    http_status = 503
    retry_after: int = 1


class DownloadFailed(EngineError):
    """A server could not fetch what a client may have; the reason, which may name local things, is logged."""

    code = "download_failed"
    http_status = 502


class InsufficientMemory(EngineError):
    code = "insufficient_memory"
    http_status = 507


class AddressInUse(MlxkError):
    code = "address_in_use"


class Interrupted(MlxkError):
    """The user pressed Ctrl-C."""

    code = "interrupted"
    exit_status = 130
    http_status = 499
