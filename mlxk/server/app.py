"""The Sanic app: one handler at every path.

What Sanic does that the rest of the package must know: a body of 64 KiB or more leaves the transport
paused, so that a disconnect would go unnoticed; a client that leaves is a `CancelledError` at whatever is
awaited; its own timeout for responses counts silence and cuts streams short without a word.
"""

from __future__ import annotations

from types import SimpleNamespace

from sanic import HTTPResponse, Request, Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.config import Config
from sanic.http.constants import HTTP
from sanic.server.protocols.http_protocol import HttpProtocol

from mlxk.server.handler import Handler
from mlxk.server.limits import Limits

_DAY = 86_400
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

App = Sanic[Config, SimpleNamespace]


def make_app(handler: Handler, limits: Limits) -> App:
    """A Sanic app; the caller unregisters it. Nothing of it comes from the environment."""
    config = Config({}, env_prefix="")
    config.update(
        {
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "LOG_EXTRA": False,
            "MOTD": False,
            **request_limits(limits),
            "RESPONSE_TIMEOUT": _DAY,
            # Sanic rewrites its own classes without the signals that nobody listens to, and fails the second
            # time; what it does is the same for every app made here.
            "TOUCHUP": not getattr(HttpProtocol, "__touched__", False),
        }
    )
    app: App = Sanic("mlxk", config=config, configure_logging=False)
    # `run` would note this; without it each answer has an empty Alt-Svc header.
    app.state.server_info.append(ApplicationServerInfo(settings={"version": HTTP.VERSION_1}))

    # The handler reads bodies itself: Sanic would wait a day for one that stalls, also without a key.
    # Sanic marks a handler that does, which a method does not let it.
    async def handle(request: Request, path: str = "") -> HTTPResponse | None:
        return await handler.handle(request)

    app.add_route(handle, "/", methods=_METHODS, name="root", stream=True)
    app.add_route(handle, "/<path:path>", methods=_METHODS, name="any", stream=True)
    app.exception(Exception)(handler.refused)
    return app


def request_limits(limits: Limits) -> dict[str, float]:
    """What Sanic itself looks at."""
    return {"REQUEST_MAX_SIZE": limits.max_body, "REQUEST_TIMEOUT": limits.upload_seconds}
