"""One request, and the headers and bodies that every answer to it has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Protocol, cast

import msgspec
from sanic import HTTPResponse, Request

from mlxk.errors import (
    EngineCrashed,
    EngineUnavailable,
    MethodNotAllowed,
    MlxkError,
    Overloaded,
    RequestError,
    RequestTimeout,
    Unauthorized,
)
from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.decoding import decode
from mlxk.server.guard import check_json, request_id
from mlxk.server.limits import Limits
from mlxk.server.meter import Meter
from mlxk.server.record import Record
from mlxk.server.routes import Route, RouteTable, error_body

logger = logging.getLogger(__name__)


class Body(Protocol):
    """What of Sanic's `Http` is used here; its declared type is wider."""

    request_body: object
    request_max_size: int
    keep_alive: bool

    def __aiter__(self) -> AsyncIterator[bytes]: ...


def transport(request: Request) -> asyncio.Transport:
    """Sanic's type for it lacks the methods."""
    return cast(asyncio.Transport, request.transport)


class Exchange:
    """One request and the headers that every answer to it carries."""

    def __init__(
        self, request: Request, card: ModelCard, extra: Mapping[str, str], routes: RouteTable
    ) -> None:
        self._routes = routes
        self.request = request
        self.card = card
        self.model: str | None = None
        self.extra = extra
        self.route: Route | None = None
        self.key_name: str | None = None
        self.status = 200
        self.said_all = False
        self.failure: str | None = None  # its code: the error itself would hold on to the whole request
        self.meter: Meter | None = None
        self.asked: Json | None = None
        self.warnings: tuple[str, ...] = ()
        self.id = request_id(request.headers)

    def serve(self, card: ModelCard) -> None:
        """The request is this model's."""
        self.card = card
        self.model = card.id

    async def receive(self, limits: Limits) -> None:
        """Take the body in; raises `RequestTimeout`, and what Sanic raises for one too large or broken."""
        stream = cast(Body | None, self.request.stream)
        if stream is None or not stream.request_body:
            return
        # Sanic lifts its limit for handlers that read bodies themselves.
        stream.request_max_size = limits.max_body
        try:
            async with asyncio.timeout(limits.upload_seconds):
                self.request.body = b"".join([data async for data in stream])
        except TimeoutError:
            # The rest is not waited for: the connection ends with the answer.
            stream.request_body = None
            stream.keep_alive = False
            raise RequestTimeout(
                f"The body did not arrive within {limits.upload_seconds:g} seconds."
            ) from None
        transport(self.request).resume_reading()

    def body(self) -> Json:
        """Raises `RequestError`."""
        check_json(self.request.headers)
        return decode(self.request.body)

    @property
    def query(self) -> Mapping[str, str]:
        """The query's values by name; of a name that is said again, the first."""
        return {name: values[0] for name, values in self.request.get_args(keep_blank_values=True).items()}

    def json(
        self, body: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        self.status = status
        return HTTPResponse(
            msgspec.json.encode(body),
            status=status,
            headers={**self._headers, **(headers or {})},
            content_type="application/json",
        )

    def plain(self, body: bytes, content_type: str) -> HTTPResponse:
        return HTTPResponse(body, headers=self._headers, content_type=content_type)

    def varied(
        self,
        body: bytes,
        content_type: str,
        *,
        by: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """One of several answers that a path has, chosen by the request's header `by`."""
        self.status = status
        vary = ", ".join(filter(None, (by, self.extra.get("vary"))))
        told = {**self._headers, **(headers or {}), "vary": vary}
        return HTTPResponse(body, status=status, headers=told, content_type=content_type)

    def error(self, error: MlxkError) -> HTTPResponse:
        self.failure = error.code
        headers = {}
        if isinstance(error, MethodNotAllowed) and self.route is not None:
            headers["allow"] = ", ".join(self.route.allowed)
        if isinstance(error, Unauthorized):
            headers["www-authenticate"] = "Bearer"
        if isinstance(error, Overloaded | EngineUnavailable | EngineCrashed):
            headers["retry-after"] = str(error.retry_after)
        if not isinstance(error, RequestError):
            logger.warning("request %s: %s", self.id, error)
        told = error_body(self.route or self._routes.nearest(self.request.path))(error)
        if "request_id" in told:
            told = {**told, "request_id": self.id}
        return self.json(told, status=error.http_status, headers=headers)

    def empty(self, headers: Mapping[str, str]) -> HTTPResponse:
        self.status = 204
        return HTTPResponse(status=204, headers={**self._headers, **headers})

    async def stream(self, content_type: str) -> HTTPResponse:
        headers = {**self._headers, "cache-control": "no-cache", "x-accel-buffering": "no"}
        response = await self.request.respond(headers=headers, content_type=content_type)
        assert isinstance(response, HTTPResponse)  # noqa: S101 - Sanic's type is wider
        return response

    def abort(self) -> None:
        """End the connection at once; the handler is cancelled by that."""
        transport(self.request).abort()

    def record(self, seconds: float) -> Record:
        """What became of the request, which took this long."""
        return Record(
            request_id=self.id,
            method=self.request.method,
            path=self.request.path[:200],
            route=self.route.path if self.route else None,
            status=self.status,
            seconds=seconds,
            key=self.key_name,
            model=self.model,
            meter=self.meter,
            error=self.failure,
            asked=self.asked,
        )

    @property
    def _headers(self) -> dict[str, str]:
        # Anthropic's clients look for the id without the x.
        headers = {
            "x-request-id": self.id,
            "request-id": self.id,
            "x-mlxk-config-hash": self.card.config_hash,
            **self.extra,
        }
        if self.warnings:
            # Such as that the oldest messages were left out: the bodies of dialects have no place for it.
            headers["x-mlxk-warning"] = _plain("; ".join(self.warnings))
        return headers


def let_go(error: MlxkError) -> None:
    """Forget the way that an error came, once it is told.

    The frames on it hold the body and the prompt, and some of them the error itself: such a ring stays in
    memory until Python's rare full collection, and refused prompts may be large.
    """
    error.__traceback__ = None


def _plain(text: str) -> str:
    """Text that may stand in a header: one line of ASCII."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()[:1000]
