"""Answers that are kept for later requests: in memory alone, bounded, and each key's apart.

Nothing is written to a disk; what a restart ends is gone. A key's oldest answers make room for its newest, so
that nobody can push out what belongs to somebody else.
"""

from __future__ import annotations

from collections import OrderedDict


class BoundedStore:
    """One key's answers; the one that was asked for longest ago goes first. Sizes are in bytes."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._records: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def resize(self, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes

    def keep(self, response_id: str, record: bytes) -> None:
        """A record that is larger than all the room there is, is not kept."""
        self.forget(response_id)
        if len(record) > self._max_bytes or not self._max_records:
            return
        self._records[response_id] = record
        self._bytes += len(record)
        while len(self._records) > self._max_records or self._bytes > self._max_bytes:
            self.forget(next(iter(self._records)))

    def recall(self, response_id: str) -> bytes | None:
        if response_id not in self._records:
            return None
        self._records.move_to_end(response_id)
        return self._records[response_id]

    def forget(self, response_id: str) -> None:
        self._bytes -= len(self._records.pop(response_id, b""))


class Stores:
    """A store for each key's name, and one for those that come without a key."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._bounds = (max_records, max_bytes)
        self._stores: dict[str | None, BoundedStore] = {}

    def resize(self, max_records: int, max_bytes: int) -> None:
        """Other bounds, for all of them; what no longer fits goes at the next answer that is kept."""
        self._bounds = (max_records, max_bytes)
        for store in self._stores.values():
            store.resize(max_records, max_bytes)

    def of(self, key_name: str | None) -> BoundedStore:
        return self._stores.setdefault(key_name, BoundedStore(*self._bounds))
