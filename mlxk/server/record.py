"""One request as the log and the metrics tell it."""

from __future__ import annotations

from dataclasses import dataclass

from mlxk.protocols.base import Json
from mlxk.server.meter import Meter

# As nginx has it: the client went away before its answer was whole.
CLIENT_CLOSED_REQUEST = 499


@dataclass(frozen=True, slots=True)
class Record:
    """`route` is the path of the route table; `error` the code of what went wrong before generation.

    `asked` is the body, where the log may have it; else no word of what was asked and answered is in here.
    """

    request_id: str
    method: str
    path: str
    route: str | None
    status: int
    seconds: float
    key: str | None
    model: str | None
    meter: Meter | None
    error: str | None
    asked: Json | None = None

    @property
    def failure(self) -> str | None:
        """The code of what went wrong, also in mid-stream."""
        return self.error or (self.meter.failure if self.meter else None)

    def fields(self) -> dict[str, object]:
        """What is known, by name: seconds and tokens."""
        said: dict[str, object] = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "status": self.status,
            "seconds": round(self.seconds, 6),
            "key": self.key,
            "model": self.model,
            "error": self.failure,
            "asked": self.asked,
            **(self.meter.fields() if self.meter else {}),
        }
        return {name: value for name, value in said.items() if value is not None}

    def __str__(self) -> str:
        """One line for people."""
        said = [f"{self.request_id}: {self.method} {self.path} {self.status} in {self.seconds:.3f} s"]
        if self.model is not None:
            said.append(f"model {self.model}")
        if self.key is not None:
            said.append(f"key {self.key}")
        if self.meter is not None:
            said.append(str(self.meter))
        if self.failure is not None:
            said.append(f"error {self.failure}")
        return ", ".join(part for part in said if part)
