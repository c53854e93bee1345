"""The HTTP side: one Sanic handler over the route table.

Owns statuses, headers and the way frames leave; bodies and frames are the dialects'. What Sanic does that
this file must know: a body of 64 KiB or more leaves the transport paused, so that a disconnect would go
unnoticed; a client that leaves is a `CancelledError` at whatever is awaited; its own timeout for responses
counts silence and cuts streams short without a word.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
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
from mlxk.protocols import CATALOGUES, CONVERSATIONS, COUNTERS, DIALECTS
from mlxk.protocols.base import Encoder, Generator, Json, ParsedRequest
from mlxk.protocols.tokens import detokenize, tokenize
from mlxk.server.admin import Administration
from mlxk.server.answer import Answer
from mlxk.server.exchange import Exchange, transport
from mlxk.server.limits import Limits
from mlxk.server.meter import Meter, Transcript
from mlxk.server.metrics import CONTENT_TYPE, Metrics
from mlxk.server.openapi import document
from mlxk.server.page import CONTENT_TYPE as PAGE_TYPE
from mlxk.server.page import Page, is_wanted, make_page
from mlxk.server.quota import Quotas
from mlxk.server.record import CLIENT_CLOSED_REQUEST, Record
from mlxk.server.routes import Route
from mlxk.server.service import Service
from mlxk.server.site import Site
from mlxk.server.stores import Stores

logger = logging.getLogger(__name__)

_DAY = 86_400

App = Sanic[Config, SimpleNamespace]

# Probes of load balancers and clients have no key.
_OPEN = frozenset({"health", "live", "banner", "page"})
# What programs look for at the root of an Ollama server.
_BANNER = b"Ollama is running"

# What monitoring asks all the time.
_PROBED = ("/health", "/metrics")

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SANIC_ERRORS: Mapping[int, type[RequestError]] = {
    404: RouteNotFound,
    405: MethodNotAllowed,
    408: RequestTimeout,
    413: PayloadTooLarge,
}


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


def _level(record: Record) -> int:
    """Probes come every few seconds; a log of them would hide the rest."""
    is_probe = record.route is not None and record.route.startswith(_PROBED) and record.status == 200
    return logging.DEBUG if is_probe else logging.INFO


def _let_go(error: MlxkError) -> None:
    """Forget the way that an error came, once it is told.

    The frames on it hold the body and the prompt, and some of them the error itself: such a ring stays in
    memory until Python's rare full collection, and refused prompts may be large.
    """
    error.__traceback__ = None


def request_limits(limits: Limits) -> dict[str, float]:
    """What Sanic itself looks at."""
    return {"REQUEST_MAX_SIZE": limits.max_body, "REQUEST_TIMEOUT": limits.upload_seconds}


class Handler:
    """All requests come here. This is the edge: any exception becomes an answer."""

    def __init__(self, service: Service, site: Site) -> None:
        self.administration: Administration | None = None
        self._metrics = Metrics()
        self._service = service
        self._stores = Stores(site.limits.stored_responses, site.limits.stored_bytes)
        self.apply(site)

    def apply(self, site: Site) -> None:
        """Serve this from the next request on."""
        self._site = site
        self._service.serve(site.models)
        self._quotas = Quotas(site.limits.per_key, site.limits.named_keys)
        self._stores.resize(site.limits.stored_responses, site.limits.stored_bytes)
        self._document: Json | None = None
        self._page: Page | None = None

    async def handle(self, request: Request) -> HTTPResponse | None:
        transport(request).resume_reading()
        exchange = self._exchange(request)
        began = monotonic()
        try:
            self._site.guard.check(request.headers)
            exchange.route = self._site.routes.resolve(request.path)
            return await self._dispatch(exchange, exchange.route)
        except MlxkError as error:
            answer = exchange.error(error)
            _let_go(error)
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
            exchange.route = self._site.routes.resolve(request.path)
        except RouteNotFound as error:
            if exception.status_code in (404, 405):
                return exchange.error(error)
        return exchange.error(_SANIC_ERRORS.get(exception.status_code, RequestError)(f"{exception}."))

    async def _dispatch(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        method, headers = exchange.request.method, exchange.request.headers
        preflight = self._site.guard.preflight(method, headers, route.allowed)
        if preflight:
            return exchange.empty(preflight)
        self._admit(exchange, route)
        await exchange.receive(self._site.limits)
        return await self._answer(exchange, route)

    def _admit(self, exchange: Exchange, route: Route) -> None:
        """Whose request it is, and whether the path can do what it asks; raises `RequestError`."""
        method, headers = exchange.request.method, exchange.request.headers
        if route.kind == "admin":
            exchange.key_name = self._site.guard.admin_name(headers)
        elif route.kind not in _OPEN:
            exchange.key_name = self._site.guard.key_name(headers)
        if method not in route.allowed:
            raise MethodNotAllowed(
                f"{method[:20]} is not possible at {route.path}.", hint=f"Use {' or '.join(route.methods)}."
            )

    async def _answer(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        """By the kind of the route."""
        method = exchange.request.method
        match route.kind:
            case "generate":
                dialect = DIALECTS[route.handler]
                return await self._generate(exchange, dialect, dialect.parse(exchange.body()))
            case "converse":
                conversation = CONVERSATIONS[route.handler]
                store = self._stores.of(exchange.key_name)
                if route.tail:
                    return exchange.json(conversation.look(method, route.tail, exchange.query, store))
                parsed = conversation.parse(exchange.body(), store)
                return await self._generate(exchange, conversation, parsed)
            case "count":
                asked = COUNTERS[route.handler].parse(exchange.body(), self._stores.of(exchange.key_name))
                model = self._service.model(asked.model)
                exchange.serve(model.card)
                return exchange.json(COUNTERS[route.handler].answer(await model.count(asked)))
            case "catalogue":
                body = exchange.body() if method == "POST" else {}
                catalogue = CATALOGUES[route.handler]
                return exchange.json(catalogue.answer(route.tail, body, await self._service.catalogue()))
            case "tokenize":
                return await self._tokenize(exchange)
            case "detokenize":
                said = detokenize.parse(exchange.body())
                model = self._service.model(said.model or "")
                exchange.serve(model.card)
                return exchange.json(detokenize.answer(await model.tokens.decode(said.tokens)))
            case "banner":
                return exchange.plain(_BANNER, "text/plain; charset=utf-8")
            case "page":
                return self._show(exchange)
            case "metrics":
                engines = await self._service.engines()
                told = self._metrics.exposition(engines, self._service.engine_names())
                return exchange.plain(told, CONTENT_TYPE)
            case "openapi":
                if self._document is None:
                    guarded = self._site.guard.wants_keys
                    self._document = document(self._site.routes, wants_keys=guarded)
                return exchange.json(self._document)
            case "admin":
                if self.administration is None:
                    raise EngineUnavailable("Nothing here can be administered.")
                wish = exchange.body() if exchange.request.body else {}
                return exchange.json(await self.administration.do(route.handler, wish))
            case "live":
                return exchange.json(self._service.alive())
            case "health":
                ready, body = await self._service.health()
                if self._site.guard.wants_keys:
                    # What is served is told to those that have a key.
                    body = {"status": body["status"]}
                return exchange.json(body, status=200 if ready else 503)

    def _show(self, exchange: Exchange) -> HTTPResponse:
        """The page for a browser; what programs look for at the root for all others."""
        if not is_wanted(exchange.request.headers):
            return exchange.varied(_BANNER, "text/plain; charset=utf-8", by="accept")
        if self._page is None:
            self._page = make_page(self._site.routes, wants_keys=self._site.guard.wants_keys)
        known = self._page.is_known(exchange.request.headers)
        return exchange.varied(
            b"" if known else self._page.body,
            PAGE_TYPE,
            by="accept",
            status=304 if known else 200,
            headers=self._page.headers,
        )

    async def _generate(
        self, exchange: Exchange, dialect: Generator, parsed: ParsedRequest
    ) -> HTTPResponse | None:
        model = await self._service.admitted(parsed.model)
        exchange.serve(model.card)
        exchange.meter = self._meter(exchange)
        answer = Answer(model.generate, parsed.generations, on_overflow=exchange.abort, meter=exchange.meter)
        encoder = parsed.encoder(model.card)
        if not parsed.generations:
            await self._service.settle(model, parsed.keep_alive)
            return exchange.json(encoder.body(()))
        with (
            self._quotas.admit(exchange.key_name) as left,
            self._service.track(answer, model, self._site.limits.queue),
            self._service.keeping(model, parsed.keep_alive),
        ):
            exchange.extra = {**exchange.extra, **left}
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

    async def _tokenize(self, exchange: Exchange) -> HTTPResponse:
        asked = tokenize.parse(exchange.body())
        model = self._service.model(asked.request.model)
        exchange.serve(model.card)
        ids = await model.tokens.encode(asked.request, plain=asked.plain)
        strings = await model.tokens.spell(ids) if asked.strings else None
        return exchange.json(tokenize.answer(ids, strings, model.card))

    def _meter(self, exchange: Exchange) -> Meter:
        gap = self._metrics.gap(exchange.card.id)
        if not self._site.log_content:
            return Meter(gap)
        exchange.asked = exchange.body()
        return Meter(gap, Transcript())

    async def _stream(
        self, exchange: Exchange, answer: Answer, dialect: Generator, encoder: Encoder
    ) -> HTTPResponse | None:
        """Errors before the headers are raised; those after them are frames."""
        await answer.accepted(self._site.limits.keep_alive_seconds)
        exchange.warnings = answer.warnings
        response = await exchange.stream(dialect.STREAM_TYPE)
        patience = self._site.limits.keep_alive_seconds
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
            _let_go(error)
        except Exception:
            logger.exception("request %s failed unexpectedly", exchange.id)
            last = encoder.fail(EngineError("The server had an error while processing the request."))
        # Clients leave when they have read it.
        exchange.said_all = True
        await response.send(last)
        await response.send(end_stream=True)
        return None
