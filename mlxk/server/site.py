"""What a server serves, to whom and within which limits: what a new configuration replaces as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlxk.server.guard import Guard
from mlxk.server.limits import Limits
from mlxk.server.models import ServedModel
from mlxk.server.routes import RouteTable


@dataclass(frozen=True, slots=True)
class Site:
    """`pull` are patterns of the repositories that clients may download."""

    models: tuple[ServedModel, ...]
    guard: Guard
    routes: RouteTable
    limits: Limits = field(default_factory=Limits)
    log_content: bool = False
    pull: tuple[str, ...] = ()
