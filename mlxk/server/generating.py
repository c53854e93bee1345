"""Generated answers on their way out: as one body, or as a stream of frames."""

from __future__ import annotations

import logging
from time import monotonic

from sanic import HTTPResponse

from mlxk.errors import EngineError, MlxkError
from mlxk.protocols.base import Encoder, Generator, ParsedRequest
from mlxk.server.answer import Answer
from mlxk.server.exchange import Exchange, let_go
from mlxk.server.meter import Meter, Transcript
from mlxk.server.metrics import Metrics
from mlxk.server.quota import Quotas
from mlxk.server.service import Service
from mlxk.server.site import Site

logger = logging.getLogger(__name__)


class Generating:
    """Bodies and frames are the dialects'; how they leave is decided here."""

    def __init__(self, service: Service, site: Site, metrics: Metrics, quotas: Quotas) -> None:
        self._service = service
        self._site = site
        self._metrics = metrics
        self._quotas = quotas

    async def answer(
        self, exchange: Exchange, dialect: Generator, parsed: ParsedRequest
    ) -> HTTPResponse | None:
        model = await self._service.admitted(parsed.model, self._site.limits.queue)
        exchange.serve(model.card)
        exchange.meter = self._meter(exchange)
        answer = Answer(model.generate, parsed.generations, on_overflow=exchange.abort, meter=exchange.meter)
        encoder = parsed.encoder(model.card)
        with (
            self._quotas.admit(exchange.key_name) as left,
            self._service.track(answer, model, self._site.limits.queue),
        ):
            exchange.extra = {**exchange.extra, **left}
            if not parsed.generations:
                await self._service.settle(model, parsed.keep_alive)
                return exchange.json(encoder.body(()))
            with self._service.keeping(model, parsed.keep_alive):
                return await self._generated(exchange, answer, dialect if parsed.stream else None, encoder)

    async def _generated(
        self, exchange: Exchange, answer: Answer, dialect: Generator | None, encoder: Encoder
    ) -> HTTPResponse | None:
        """The answer as a stream in its `dialect`, or whole."""
        async with answer:
            try:
                if dialect is not None:
                    return await self._stream(exchange, answer, dialect, encoder)
                completions = await answer.completions()
            finally:
                for warning in answer.warnings:
                    logger.warning("request %s: %s", exchange.id, warning)
            exchange.warnings = answer.warnings
            return exchange.json(encoder.body(completions))

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
            let_go(error)
        except Exception:
            logger.exception("request %s failed unexpectedly", exchange.id)
            last = encoder.fail(EngineError("The server had an error while processing the request."))
        # Clients leave when they have read it.
        exchange.said_all = True
        await response.send(last, end_stream=True)
        return None
