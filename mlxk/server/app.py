"""The HTTP side: one Sanic handler over the route table.

Owns statuses, headers and the way frames leave; bodies and frames are the dialects'. What Sanic does that
this file must know: a body of 64 KiB or more leaves the transport paused, so that a disconnect would go
unnoticed; a client that leaves is a `CancelledError` at whatever is awaited; its own timeout for responses
counts silence and cuts streams short without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from types import SimpleNamespace

from sanic import HTTPResponse, Request, Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.config import Config
from sanic.exceptions import SanicException
from sanic.http.constants import HTTP
from sanic.server.protocols.http_protocol import HttpProtocol

from mlxk.errors import (
    EngineError,
    EngineUnavailable,
    MethodNotAllowed,
    MlxkError,
    PayloadTooLarge,
    RequestError,
    RequestTimeout,
    RouteNotFound,
)
from mlxk.protocols import CATALOGUES, DIALECTS
from mlxk.protocols.base import Dialect, Encoder
from mlxk.server.answer import Answer
from mlxk.server.exchange import Exchange, transport
from mlxk.server.guard import Guard
from mlxk.server.routes import Route, RouteTable
from mlxk.server.service import Service

logger = logging.getLogger(__name__)

# Bytes. A context of a million tokens is about 5 MB of JSON.
MAX_BODY = 32 << 20
# Seconds of silence after which a comment keeps proxies and clients from giving up.
KEEP_ALIVE_SECONDS = 10.0
_DAY = 86_400

App = Sanic[Config, SimpleNamespace]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SANIC_ERRORS: Mapping[int, type[RequestError]] = {
    404: RouteNotFound,
    405: MethodNotAllowed,
    408: RequestTimeout,
    413: PayloadTooLarge,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds; tests make them small."""

    max_body: int = MAX_BODY
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    drain_seconds: float = 30.0


def make_app(service: Service, routes: RouteTable, guard: Guard, limits: Limits) -> App:
    """A Sanic app; the caller unregisters it. Nothing of it comes from the environment."""
    config = Config({}, env_prefix="")
    config.update(
        {
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "LOG_EXTRA": False,
            "MOTD": False,
            "REQUEST_MAX_SIZE": limits.max_body,
            "RESPONSE_TIMEOUT": _DAY,
            # Sanic rewrites its own classes without the signals that nobody listens to, and fails the second
            # time; what it does is the same for every app made here.
            "TOUCHUP": not getattr(HttpProtocol, "__touched__", False),
        }
    )
    app: App = Sanic("mlxk", config=config, configure_logging=False)
    # `run` would note this; without it each answer has an empty Alt-Svc header.
    app.state.server_info.append(ApplicationServerInfo(settings={"version": HTTP.VERSION_1}))
    handler = Handler(service, routes, guard, limits)
    app.add_route(handler.handle, "/", methods=_METHODS, name="root")
    app.add_route(handler.handle, "/<path:path>", methods=_METHODS, name="any")
    app.exception(Exception)(handler.refused)
    return app


class Handler:
    """All requests come here. This is the edge: any exception becomes an answer."""

    def __init__(self, service: Service, routes: RouteTable, guard: Guard, limits: Limits) -> None:
        self._service = service
        self._routes = routes
        self._guard = guard
        self._limits = limits

    async def handle(self, request: Request, path: str = "") -> HTTPResponse | None:
        transport(request).resume_reading()
        exchange = Exchange(request, self._service.cards[0])
        try:
            self._guard.check(request.headers)
            exchange.route = self._routes.resolve(request.path)
            return await self._dispatch(exchange, exchange.route)
        except MlxkError as error:
            return exchange.error(error)
        except Exception:
            logger.exception("request %s failed unexpectedly", exchange.id)
            return exchange.error(EngineError("The server had an error while processing the request."))

    async def refused(self, request: Request, exception: Exception) -> HTTPResponse:
        """What Sanic refused before the handler saw it."""
        exchange = Exchange(request, self._service.cards[0])
        if not isinstance(exception, SanicException):
            logger.error("request %s failed unexpectedly", exchange.id, exc_info=exception)
            return exchange.error(EngineError("The server had an error while processing the request."))
        if exception.status_code >= 500:
            return exchange.error(EngineUnavailable(str(exception)))
        try:
            # Methods that HTTP does not define end here, and the answer names those that the path has.
            exchange.route = self._routes.resolve(request.path)
        except RouteNotFound as error:
            return exchange.error(error)
        return exchange.error(_SANIC_ERRORS.get(exception.status_code, RequestError)(f"{exception}."))

    async def _dispatch(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        method = exchange.request.method
        if method not in route.allowed:
            raise MethodNotAllowed(
                f"{method[:20]} is not possible at {route.path}.", hint=f"Use {' or '.join(route.methods)}."
            )
        match route.kind:
            case "generate":
                return await self._generate(exchange, DIALECTS[route.handler])
            case "catalogue":
                body = exchange.body() if method == "POST" else {}
                catalogue = CATALOGUES[route.handler]
                return exchange.json(catalogue.answer(route.tail, body, self._service.cards))
            case "health":
                ready, body = await self._service.health()
                return exchange.json(body, status=200 if ready else 503)

    async def _generate(self, exchange: Exchange, dialect: Dialect) -> HTTPResponse | None:
        parsed = dialect.parse(exchange.body())
        model = self._service.model(parsed.model)
        exchange.card = model.card
        answer = Answer(model.generate, parsed.generations, on_overflow=exchange.abort)
        encoder = parsed.encoder(model.card)
        with self._service.track(answer):
            async with answer:
                try:
                    if parsed.stream:
                        return await self._stream(exchange, answer, dialect, encoder)
                    completions = await answer.completions()
                finally:
                    for warning in answer.warnings:
                        logger.warning("request %s: %s", exchange.id, warning)
                exchange.warnings = answer.warnings
                return exchange.json(encoder.body(completions))

    async def _stream(
        self, exchange: Exchange, answer: Answer, dialect: Dialect, encoder: Encoder
    ) -> HTTPResponse | None:
        """Errors before the headers are raised; those after them are frames."""
        await answer.accepted(self._limits.keep_alive_seconds)
        exchange.warnings = answer.warnings
        response = await exchange.stream(dialect.STREAM_TYPE)
        patience = self._limits.keep_alive_seconds
        sent = monotonic()
        try:
            async for items in answer.events(patience):
                frames: list[bytes] = []
                try:
                    frames.extend(encoder.feed(choice, event) for choice, event in items)
                finally:
                    # What was said before a failure stands.
                    data = b"".join(frames)
                    if not data and monotonic() - sent >= patience:
                        data = dialect.KEEP_ALIVE
                    if data:
                        await response.send(data)
                        sent = monotonic()
            last = encoder.end()
        except MlxkError as error:
            logger.warning("request %s broke off: %s", exchange.id, error)
            last = encoder.fail(error)
        except Exception:
            logger.exception("request %s failed unexpectedly", exchange.id)
            last = encoder.fail(EngineError("The server had an error while processing the request."))
        await response.send(last)
        await response.send(end_stream=True)
        return None
