"""The edge of the server: who may ask, and that every request has one answer and one line in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic

from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException

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
from mlxk.server.admin import Administration
from mlxk.server.dispatch import Dispatch
from mlxk.server.exchange import Exchange, let_go, transport
from mlxk.server.metrics import Metrics
from mlxk.server.pulls import Pulls
from mlxk.server.record import CLIENT_CLOSED_REQUEST, Record
from mlxk.server.routes import Route
from mlxk.server.service import Service
from mlxk.server.site import Site
from mlxk.server.stores import Stores

logger = logging.getLogger(__name__)

# Probes of load balancers and clients have no key.
_OPEN = frozenset({"health", "live", "banner", "page"})
# What monitoring asks all the time.
_PROBED = ("/health", "/metrics")

_SANIC_ERRORS: Mapping[int, type[RequestError]] = {
    404: RouteNotFound,
    405: MethodNotAllowed,
    408: RequestTimeout,
    413: PayloadTooLarge,
}


class Handler:
    """All requests come here. This is the edge: any exception becomes an answer."""

    def __init__(self, service: Service, site: Site) -> None:
        self.administration: Administration | None = None
        self._metrics = Metrics()
        self._service = service
        self._pulls = Pulls()
        self._stores = Stores(site.limits.stored_responses, site.limits.stored_bytes)
        self.apply(site)

    def apply(self, site: Site) -> None:
        """Serve this from the next request on."""
        self._site = site
        self._service.serve(site.models)
        self._stores.resize(site.limits.stored_responses, site.limits.stored_bytes)
        self._dispatch = Dispatch(
            self._service, site, self._stores, self._metrics, self._pulls, lambda: self.administration
        )

    async def handle(self, request: Request) -> HTTPResponse | None:
        transport(request).resume_reading()
        exchange = self._exchange(request)
        began = monotonic()
        try:
            self._site.guard.check(request.headers)
            exchange.route = self._site.routes.resolve(request.path).spoken(request.headers)
            return await self._admitted(exchange, exchange.route)
        except MlxkError as error:
            answer = exchange.error(error)
            let_go(error)
            return answer
        except SanicException as error:
            return await self.refused(request, error)
        except Exception:
            logger.exception("request %s failed unexpectedly", exchange.id)
            return exchange.error(EngineError("The server had an error while processing the request."))
        except asyncio.CancelledError:
            if not exchange.said_all:
                exchange.status = CLIENT_CLOSED_REQUEST
            raise
        finally:
            record = exchange.record(monotonic() - began)
            self._metrics.count(record)
            logger.log(_level(record), "%s", record, extra={"fields": record.fields()})

    def _exchange(self, request: Request) -> Exchange:
        site = self._site
        return Exchange(request, self._service.cards[0], site.guard.cors(request.headers), site.routes)

    async def refused(self, request: Request, exception: Exception) -> HTTPResponse:
        """What Sanic refused, mostly before the handler saw it."""
        exchange = self._exchange(request)
        if not isinstance(exception, SanicException):
            logger.error("request %s failed unexpectedly", exchange.id, exc_info=exception)
            return exchange.error(EngineError("The server had an error while processing the request."))
        if exception.status_code >= 500:
            return exchange.error(EngineUnavailable(str(exception)))
        try:
            # Methods that HTTP does not define end here, and the answer names those that the path has.
            exchange.route = self._site.routes.resolve(request.path).spoken(request.headers)
        except RouteNotFound as error:
            if exception.status_code in (404, 405):
                return exchange.error(error)
        return exchange.error(_SANIC_ERRORS.get(exception.status_code, RequestError)(f"{exception}."))

    async def _admitted(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        method, headers = exchange.request.method, exchange.request.headers
        preflight = self._site.guard.preflight(method, headers, route.allowed)
        if preflight:
            return exchange.empty(preflight)
        self._admit(exchange, route)
        await exchange.receive(self._site.limits)
        return await self._dispatch.answer(exchange, route)

    def _admit(self, exchange: Exchange, route: Route) -> None:
        """Whose request it is, and whether the path can do what it asks; raises `RequestError`."""
        method, headers = exchange.request.method, exchange.request.headers
        if route.kind == "admin":
            exchange.key_name = self._site.guard.admin_name(headers)
        elif route.kind == "pull":
            exchange.key_name = self._site.guard.writer_name(headers)
        elif route.kind not in _OPEN:
            exchange.key_name = self._site.guard.key_name(headers)
        if method not in route.allowed:
            raise MethodNotAllowed(
                f"{method[:20]} is not possible at {route.path}.", hint=f"Use {' or '.join(route.methods)}."
            )


def _level(record: Record) -> int:
    """Probes come every few seconds; a log of them would hide the rest."""
    is_probe = record.route is not None and record.route.startswith(_PROBED) and record.status == 200
    return logging.DEBUG if is_probe else logging.INFO
