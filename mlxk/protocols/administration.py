"""Bodies of the administration routes: which model to load or to unload. Not a dialect of anybody else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mlxk.protocols.validation import Body


class LoadBody(Body):
    model: str = ""


class UnloadBody(LoadBody):
    """`drain_seconds` is how long running answers may take; without it, as long as they do."""

    drain_seconds: Annotated[float, Field(ge=0, le=3600)] | None = None


class ReloadBody(Body):
    """There is nothing to say."""
