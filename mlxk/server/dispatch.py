"""What answers at each kind of route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sanic import HTTPResponse

from mlxk.errors import EngineUnavailable
from mlxk.protocols import CATALOGUES, CONVERSATIONS, COUNTERS, DIALECTS
from mlxk.protocols.base import Json
from mlxk.protocols.ollama import pull
from mlxk.protocols.tokens import detokenize, tokenize
from mlxk.server.admin import Administration
from mlxk.server.exchange import Exchange
from mlxk.server.generating import Generating
from mlxk.server.metrics import CONTENT_TYPE, Metrics
from mlxk.server.openapi import document
from mlxk.server.page import CONTENT_TYPE as PAGE_TYPE
from mlxk.server.page import Page, is_wanted, make_page
from mlxk.server.pulls import Pulls, follow, permit
from mlxk.server.quota import Quotas
from mlxk.server.routes import Kind, Route
from mlxk.server.service import Service
from mlxk.server.site import Site
from mlxk.server.stores import Stores

# What programs look for at the root of an Ollama server.
_BANNER = b"Ollama is running"
_PLAIN = "text/plain; charset=utf-8"

_Answer = Callable[[Exchange, Route], Awaitable[HTTPResponse | None]]


class Dispatch:
    """Answers of one site: with another configuration comes another one of these."""

    def __init__(
        self,
        service: Service,
        site: Site,
        stores: Stores,
        metrics: Metrics,
        pulls: Pulls,
        administration: Callable[[], Administration | None],
    ) -> None:
        self._service = service
        self._site = site
        self._stores = stores
        self._metrics = metrics
        self._administration = administration
        self._pulls = pulls
        self._quotas = Quotas(site.limits.per_key, site.limits.named_keys)
        self._generating = Generating(service, site, metrics, self._quotas)
        self._document: Json | None = None
        self._page: Page | None = None
        self._answers: Mapping[Kind, _Answer] = {
            "generate": self._generate,
            "converse": self._converse,
            "count": self._count,
            "catalogue": self._catalogue,
            "tokenize": self._tokenize,
            "detokenize": self._detokenize,
            "pull": self._pull,
            "banner": self._banner,
            "page": self._show,
            "health": self._health,
            "live": self._live,
            "admin": self._admin,
            "metrics": self._expose,
            "openapi": self._openapi,
        }

    async def answer(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        """`None` where the answer has left as a stream. Raises `MlxkError`."""
        return await self._answers[route.kind](exchange, route)

    async def _generate(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        dialect = DIALECTS[route.handler]
        return await self._generating.answer(exchange, dialect, dialect.parse(exchange.body()))

    async def _converse(self, exchange: Exchange, route: Route) -> HTTPResponse | None:
        conversation = CONVERSATIONS[route.handler]
        store = self._stores.of(exchange.key_name)
        if route.tail:
            method = exchange.request.method
            return exchange.json(conversation.look(method, route.tail, exchange.query, store))
        parsed = conversation.parse(exchange.body(), store)
        return await self._generating.answer(exchange, conversation, parsed)

    async def _count(self, exchange: Exchange, route: Route) -> HTTPResponse:
        counter = COUNTERS[route.handler]
        asked = counter.parse(exchange.body(), self._stores.of(exchange.key_name))
        model = self._service.model(asked.model)
        exchange.serve(model.card)
        counted = await model.count(asked)
        exchange.warnings = counted.warnings
        return exchange.json(counter.answer(counted.tokens))

    async def _catalogue(self, exchange: Exchange, route: Route) -> HTTPResponse:
        body = exchange.body() if exchange.request.method == "POST" else {}
        catalogue = CATALOGUES[route.handler]
        return exchange.json(catalogue.answer(route.tail, body, await self._service.catalogue()))

    async def _tokenize(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        asked = tokenize.parse(exchange.body())
        model = self._service.model(asked.request.model)
        exchange.serve(model.card)
        ids = await model.tokens.encode(asked.request, plain=asked.plain)
        strings = await model.tokens.spell(ids) if asked.strings else None
        return exchange.json(tokenize.answer(ids, strings, model.card))

    async def _detokenize(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        said = detokenize.parse(exchange.body())
        model = self._service.model(said.model or "")
        exchange.serve(model.card)
        return exchange.json(detokenize.answer(await model.tokens.decode(said.tokens)))

    async def _pull(self, exchange: Exchange, _route: Route) -> HTTPResponse | None:
        wanted = pull.parse(exchange.body())
        permit(wanted, self._site.pull)
        self._service.check()
        # Administrators have no quota.
        key_name = None if self._site.guard.has_admins else exchange.key_name
        with (
            self._quotas.admit(key_name) as left,
            self._pulls.watched(wanted) as watch,
            self._service.busy(watch),
        ):
            exchange.extra = {**exchange.extra, **left}
            patience = self._site.limits.keep_alive_seconds
            return await follow(exchange, watch, patience, stream=wanted.stream)

    async def _banner(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        return exchange.plain(_BANNER, _PLAIN)

    async def _show(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        """The page for a browser; what programs look for at the root for all others."""
        if not is_wanted(exchange.request.headers):
            return exchange.varied(_BANNER, _PLAIN, by="accept")
        if self._page is None:
            self._page = make_page(self._site.routes, wants_keys=self._site.guard.wants_keys)
        page = self._page
        known = page.is_known(exchange.request.headers)
        return exchange.varied(
            b"" if known else page.body,
            PAGE_TYPE,
            by="accept",
            status=304 if known else 200,
            headers=page.headers,
        )

    async def _health(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        ready, body = await self._service.health()
        if self._site.guard.wants_keys:
            # What is served is told to those that have a key.
            body = {"status": body["status"]}
        return exchange.json(body, status=200 if ready else 503)

    async def _live(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        return exchange.json(self._service.alive())

    async def _admin(self, exchange: Exchange, route: Route) -> HTTPResponse:
        administration = self._administration()
        if administration is None:
            raise EngineUnavailable("Nothing here can be administered.")
        wish = exchange.body() if exchange.request.body else {}
        return exchange.json(await administration.do(route.handler, wish))

    async def _expose(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        engines = await self._service.engines()
        names, restarts = self._service.engine_names(), self._service.restarts()
        told = self._metrics.exposition(engines, names, restarts)
        return exchange.plain(told, CONTENT_TYPE)

    async def _openapi(self, exchange: Exchange, _route: Route) -> HTTPResponse:
        if self._document is None:
            guard = self._site.guard
            self._document = document(
                self._site.routes, wants_keys=guard.wants_keys, has_admins=guard.has_admins
            )
        return exchange.json(self._document)
