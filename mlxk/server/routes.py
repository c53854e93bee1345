"""The route table: which handler answers at which path.

A profile's `server.routes` is laid over the default table path by path; `false` removes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from types import MappingProxyType
from typing import Literal
from urllib.parse import unquote

from mlxk.errors import MlxkError, RouteNotFound
from mlxk.protocols import CATALOGUES, CONVERSATIONS, COUNTERS, DIALECTS
from mlxk.protocols.base import Json
from mlxk.protocols.ollama import pull
from mlxk.protocols.openai.common import error_body as openai_error_body

DEFAULT_ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "/v1/chat/completions": "openai.chat",
        "/v1/completions": "openai.completions",
        "/v1/responses": "openai.responses",
        "/v1/responses/input_tokens": "openai.input_tokens",
        "/v1/models": "openai.models",
        "/v1/messages": "anthropic.messages",
        "/v1/messages/count_tokens": "anthropic.count_tokens",
        "/v1/embeddings": "openai.embeddings",
        "/api/chat": "ollama.chat",
        "/api/generate": "ollama.generate",
        "/api/tags": "ollama.tags",
        "/api/show": "ollama.show",
        "/api/ps": "ollama.ps",
        "/api/version": "ollama.version",
        "/api/pull": "ollama.pull",
        "/api/create": "ollama.create",
        "/api/copy": "ollama.copy",
        "/api/delete": "ollama.delete",
        "/api/push": "ollama.push",
        "/api/blobs": "ollama.blobs",
        "/api/embed": "ollama.embed",
        "/api/embeddings": "ollama.embed",
        "/tokenize": "tokenize",
        "/detokenize": "detokenize",
        "/": "page",
        "/health": "health",
        "/health/live": "health.live",
        "/health/ready": "health.ready",
        "/admin/ps": "admin.ps",
        "/admin/load": "admin.load",
        "/admin/unload": "admin.unload",
        "/admin/reload": "admin.reload",
        "/metrics": "metrics",
        "/openapi.json": "openapi",
    }
)


Kind = Literal[
    "generate",
    "converse",
    "count",
    "catalogue",
    "tokenize",
    "detokenize",
    "pull",
    "banner",
    "page",
    "health",
    "live",
    "admin",
    "metrics",
    "openapi",
]
# Handlers that are a kind of their own, and what may be done there.
_SINGLE: Mapping[str, tuple[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "tokenize": ("tokenize", ("POST",)),
        "detokenize": ("detokenize", ("POST",)),
        "ollama.pull": ("pull", ("POST",)),
        "banner": ("banner", ("GET",)),
        "page": ("page", ("GET",)),
        "health": ("health", ("GET",)),
        "health.live": ("live", ("GET",)),
        "health.ready": ("health", ("GET",)),
        "admin.ps": ("admin", ("GET",)),
        "admin.load": ("admin", ("POST",)),
        "admin.unload": ("admin", ("POST",)),
        "admin.reload": ("admin", ("POST",)),
        "metrics": ("metrics", ("GET",)),
        "openapi": ("openapi", ("GET",)),
    }
)
# Handlers whose path is another dialect's, too.
_ANTHROPIC_TWINS: Mapping[str, str] = MappingProxyType({"openai.models": "anthropic.models"})


@dataclass(frozen=True, slots=True)
class Route:
    """`tail` is what the request's path has below `path`, decoded."""

    path: str
    kind: Kind
    handler: str
    methods: tuple[str, ...]
    tail: str = ""

    def spoken(self, headers: Mapping[str, str]) -> Route:
        """The route in the dialect of the request: Anthropic's clients say which version they speak."""
        twin = _ANTHROPIC_TWINS.get(self.handler) if "anthropic-version" in headers else None
        return self if twin is None else replace(self, handler=twin)

    @property
    def allowed(self) -> tuple[str, ...]:
        """HTTP: what can be got can be asked for its headers alone."""
        return (*self.methods, "HEAD") if "GET" in self.methods else self.methods


class RouteTable:
    def __init__(self, overrides: Mapping[str, str | Literal[False]]) -> None:
        merged = {**DEFAULT_ROUTES, **{_plain(path): handler for path, handler in overrides.items()}}
        self._routes = {path: _route(path, handler) for path, handler in merged.items() if handler}

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def nearest(self, path: str) -> Route | None:
        """The route whose form errors at an unknown path have: it shares the most of its beginning."""
        steps = _plain(path).split("/")[1:]
        shared = {route: _shared(steps, route.path.split("/")[1:]) for route in self._routes.values()}
        best = max(shared, key=shared.__getitem__, default=None)
        return best if best is not None and shared[best] else None

    def resolve(self, path: str) -> Route:
        """The route of a request's path, still percent-encoded; raises `RouteNotFound`."""
        path = _plain(path)
        if path in self._routes:
            return self._routes[path]
        for root, route in self._routes.items():
            if _has_subtree(route) and path.startswith(f"{root}/"):
                tail = unquote(path[len(root) + 1 :])
                return Route(route.path, route.kind, route.handler, _methods(route, tail), tail)
        raise RouteNotFound(f"Nothing is served at {path[:200]}.", hint=f"Served: {', '.join(self._routes)}.")


def error_body(route: Route | None) -> Callable[[MlxkError], Json]:
    """How the route's dialect tells errors; OpenAI's way where there is none."""
    match route:
        case Route(kind="generate", handler=name):
            return DIALECTS[name].error_body
        case Route(kind="converse", handler=name):
            return CONVERSATIONS[name].error_body
        case Route(kind="count", handler=name):
            return COUNTERS[name].error_body
        case Route(kind="catalogue", handler=name):
            return CATALOGUES[name].error_body
        case Route(kind="pull"):
            return pull.error_body
        case _:
            return openai_error_body


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    """How many steps of two paths are the same, from the first on."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))))


def _plain(path: str) -> str:
    """A slash at the end makes no other path."""
    return path.rstrip("/") or "/"


def _route(path: str, handler: str) -> Route:
    if handler in DIALECTS:
        return Route(path, "generate", handler, ("POST",))
    if handler in CONVERSATIONS:
        return Route(path, "converse", handler, CONVERSATIONS[handler].methods(""))
    if handler in COUNTERS:
        return Route(path, "count", handler, ("POST",))
    if handler in CATALOGUES:
        return Route(path, "catalogue", handler, CATALOGUES[handler].METHODS)
    kind, methods = _SINGLE[handler]
    return Route(path, kind, handler, methods)


def _has_subtree(route: Route) -> bool:
    return route.kind == "converse" or (route.kind == "catalogue" and CATALOGUES[route.handler].SUBTREE)


def _methods(route: Route, tail: str) -> tuple[str, ...]:
    """Raises `RouteNotFound`."""
    return CONVERSATIONS[route.handler].methods(tail) if route.kind == "converse" else route.methods
