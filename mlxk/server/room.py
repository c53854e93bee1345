"""Who leaves when another model needs the room: decided on figures alone, without effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlxk.errors import InsufficientMemory
from mlxk.server.slot import Slot


@dataclass(frozen=True, slots=True)
class Room:
    """What there is: bytes and places, `None` without a limit."""

    budget: int | None = None
    places: int | None = None

    def holds(self, slots: Iterable[Slot], newcomer: Slot) -> bool:
        """Whether `newcomer` fits beside these."""
        sizes = [slot.size for slot in slots if slot.resident]
        fits = self.budget is None or sum(sizes) + newcomer.claim.size <= self.budget
        return fits and (self.places is None or len(sizes) < self.places)

    def share_of(self, slots: Iterable[Slot], one: Slot) -> int | None:
        """Bytes that `one` may take: what it claims, and its part of what nobody who is there does."""
        if self.budget is None:
            return None
        others = [slot.size for slot in slots if slot.resident and slot is not one]
        spare = self.budget - sum(others) - one.claim.size
        return one.claim.size + max(spare, 0) // (len(others) + 1)

    def holds_all(self, slots: Iterable[Slot], newcomers: Sequence[Slot]) -> bool:
        """Whether all `newcomers` fit beside these at once."""
        sizes = [slot.size for slot in slots if slot.resident] + [slot.claim.size for slot in newcomers]
        fits = self.budget is None or sum(sizes) <= self.budget
        return fits and (self.places is None or len(sizes) <= self.places)

    def check(self, slots: Iterable[Slot], newcomer: Slot) -> None:
        """Raises `InsufficientMemory` if it can never fit: alone, or beside those that never leave."""
        others = [slot for slot in slots if slot is not newcomer and not slot.retiring]
        pinned = [slot for slot in others if slot.resident and slot.stay.pinned]
        if self.holds(pinned, newcomer):
            return
        taken = {slot.name: slot.size for slot in pinned}
        if self.budget is not None and newcomer.claim.size + sum(taken.values()) > self.budget:
            if newcomer.claim.refuse is not None:
                raise newcomer.claim.refuse(self.budget, taken)
            raise InsufficientMemory(f"{newcomer.name} does not fit {self.budget:,} bytes of memory")
        raise InsufficientMemory(
            f"there is no room for {newcomer.name}: `memory.max_models` is {self.places}, and "
            f"{', '.join(taken)} never leave{'s' if len(taken) == 1 else ''}",
            hint="raise `memory.max_models`, or give a model a `ttl` other than `never`",
        )

    def leavers(self, slots: Sequence[Slot], newcomer: Slot) -> list[Slot]:
        """Who should leave, none more than needed: idle ones first, then those unused for longest.

        Empty if that is not enough as long as others are being loaded.
        """
        others = [slot for slot in slots if slot is not newcomer]
        movable = sorted(
            (slot for slot in others if slot.movable), key=lambda slot: (not slot.idle, slot.last_used)
        )
        chosen: list[Slot] = []
        for slot in movable:
            if self._without(slots, chosen, newcomer):
                break
            chosen.append(slot)
        if not self._without(slots, chosen, newcomer):
            return []
        for slot in list(chosen):
            rest = [other for other in chosen if other is not slot]
            if self._without(slots, rest, newcomer):
                chosen = rest
        return chosen

    def _without(self, slots: Sequence[Slot], gone: Sequence[Slot], newcomer: Slot) -> bool:
        return self.holds([slot for slot in slots if slot not in gone], newcomer)
