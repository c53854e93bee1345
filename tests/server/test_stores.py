"""Stores: bounded by number and by bytes, the longest unused first, and apart from each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxk.server.stores import BoundedStore, Stores

operations = st.lists(
    st.tuples(st.sampled_from(["keep", "recall", "forget"]), st.sampled_from("abcdef"), st.integers(0, 12))
)


@given(operations, st.integers(0, 4), st.integers(0, 20))
def test_bounds_hold_whatever_is_done(
    operations: list[tuple[str, str, int]], max_records: int, max_bytes: int
) -> None:
    store = BoundedStore(max_records, max_bytes)
    model: dict[str, bytes] = {}  # the longest unused first
    for kind, name, size in operations:
        match kind:
            case "keep":
                store.keep(name, bytes(size))
                model.pop(name, None)
                if max_records and size <= max_bytes:
                    model[name] = bytes(size)
                while len(model) > max_records or sum(map(len, model.values())) > max_bytes:
                    del model[next(iter(model))]
            case "recall":
                assert store.recall(name) == model.get(name)
                if name in model:
                    model[name] = model.pop(name)
            case _:
                store.forget(name)
                model.pop(name, None)
        assert len(store) == len(model)
    assert {name: store.recall(name) for name in "abcdef" if name in model} == model


def test_each_key_has_its_own() -> None:
    stores = Stores(2, 100)
    stores.of("ann").keep("r", b"hers")
    stores.of(None).keep("r", b"anybody's")
    assert stores.of("ann").recall("r") == b"hers"
    assert stores.of(None).recall("r") == b"anybody's"
    assert stores.of("bob").recall("r") is None
