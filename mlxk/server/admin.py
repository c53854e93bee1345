"""What an operator may do with a running server: see its models, load and unload them, reload its files.

Knows no HTTP and no key; the routes `admin.*` lead here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from mlxk.errors import EngineUnavailable, MlxkError
from mlxk.protocols.administration import LoadBody, ReloadBody, UnloadBody
from mlxk.protocols.base import Json
from mlxk.protocols.openai.common import error_body
from mlxk.protocols.validation import validate
from mlxk.server.pool import ModelState
from mlxk.server.service import Service


class Models(Protocol):
    """What of a pool is used here."""

    def states(self) -> Sequence[ModelState]: ...

    async def load(self, name: str) -> None: ...

    async def unload(self, name: str, *, drain_seconds: float | None = None) -> None: ...


class Administration:
    """`reload` reads the configuration anew, and tells what changed; it raises why it is not used."""

    def __init__(self, service: Service, models: Models, reload: Callable[[], Awaitable[Json]]) -> None:
        self._service = service
        self._models = models
        self._reload = reload

    async def do(self, handler: str, body: Json) -> Json:
        """Answers a route's handler; raises `RequestError`, or why it cannot be done."""
        if handler == "admin.ps":
            return {
                "status": self._service.phase,
                "models": [_told(state) for state in self._models.states()],
            }
        if self._service.phase != "ready":
            raise EngineUnavailable(f"The server is {self._service.phase}.", hint="Try again in a moment.")
        match handler:
            case "admin.load":
                name = self._name(validate(LoadBody, body))
                await self._models.load(name)
            case "admin.unload":
                said = validate(UnloadBody, body)
                name = self._name(said)
                await self._models.unload(name, drain_seconds=said.drain_seconds)
            case _:
                validate(ReloadBody, body)
                return await self._reload()
        return next(_told(state) for state in self._models.states() if state.name == name)

    def _name(self, body: LoadBody) -> str:
        """Raises `ModelNotFound`."""
        return self._service.model(body.model).card.id


def _told(state: ModelState) -> Json:
    return {
        "name": state.name,
        "state": state.state,
        "bytes": state.bytes,
        "running": state.running,
        "waiting": state.waiting,
        "pinned": state.pinned,
        "expires_at": state.expires_at,
        "failure": None if state.failure is None else _failure(state.failure),
    }


def _failure(error: MlxkError) -> object:
    return error_body(error)["error"]
