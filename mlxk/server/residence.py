"""When a served model is in memory, as requests may see and say it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from mlxk.config.schema import Profile
from mlxk.errors import MlxkError
from mlxk.policy import check_keep_alive
from mlxk.server.models import Residence


class GuardedResidence:
    """A `Residence` of which no request changes what the profile locks."""

    def __init__(self, residence: Residence, profile: Profile) -> None:
        self._residence = residence
        self._profile = profile

    @property
    def name(self) -> str:
        return self._residence.name

    @property
    def restarts(self) -> int:
        return self._residence.restarts

    @property
    def reason(self) -> MlxkError | None:
        return self._residence.reason

    async def load(self) -> None:
        await self._residence.load()

    async def release(self) -> None:
        await self._residence.release()

    def keep(self, ttl: float | None) -> None:
        check_keep_alive(self._profile)
        self._residence.keep(ttl)

    def during(self, ttl: float | None) -> AbstractContextManager[None]:
        check_keep_alive(self._profile)
        return self._residence.during(ttl)

    def expires_at(self) -> float | None:
        return self._residence.expires_at()
