"""How the slots of a new configuration follow from those of the old: found out before anything changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlxk.server.slot import Keeper, Slot
from mlxk.server.wishes import Claim, Stay, Wish


@dataclass(slots=True)
class Place:
    """A slot of the new order. `slot` stays what it is in the old one until the change is made."""

    slot: Slot
    stay: Stay
    claim: Claim
    names: list[str] = field(default_factory=list)


class Arrangement:
    """The slots that stay, those that come, and those that go."""

    def __init__(self, keeper: Keeper, before: Sequence[Slot], wishes: Iterable[Wish]) -> None:
        # What another one took over from only finishes what it has.
        self._before = tuple(slot for slot in before if not slot.retiring)
        self.places: list[Place] = []
        known = {slot.config: slot for slot in self._before}
        for wish in wishes:
            slot = known.setdefault(wish.config, Slot(keeper, wish.config, wish.claim, wish.stay))
            place = next((place for place in self.places if place.slot is slot), None)
            if place is None:
                place = Place(slot, wish.stay, wish.claim)
                self.places.append(place)
            place.stay = place.stay.over(wish.stay)
            place.names.append(wish.name)

    def slot(self, name: str) -> Slot:
        """The slot of a name in the new order."""
        return next(place.slot for place in self.places if name in place.names)

    @property
    def coming(self) -> list[Slot]:
        return [place.slot for place in self.places if place.slot not in self._before]

    @property
    def going(self) -> list[Slot]:
        staying = [place.slot for place in self.places]
        return [slot for slot in self._before if slot not in staying]

    @property
    def awaited(self) -> list[Slot]:
        """Those that come and shall be loaded at once: asked for, or instead of one that is in memory now."""
        present = {name for slot in self.going if slot.resident for name in slot.names}
        return [
            place.slot
            for place in self.places
            if place.slot in self.coming and (place.stay.preload or present.intersection(place.names))
        ]

    def settle(self) -> None:
        """From now on, the names are those of the new order."""
        for slot in self.going:
            slot.names = []
            slot.retiring = True
        for place in self.places:
            place.slot.names = place.names
            place.slot.stay = place.stay
            place.slot.claim = place.claim
