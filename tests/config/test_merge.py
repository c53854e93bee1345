"""The merge: what wins, that any grouping gives the same, and that its output is the provenance."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlxk.config.layers import merge, merge_tables, settle
from mlxk.config.origins import DEFAULT, Origin, Source, dotted, parse_dotted
from mlxk.config.values import (
    Entry,
    Items,
    Scalar,
    Table,
    Value,
    from_plain,
    leaves,
    lookup,
    nested,
    plain,
)
from mlxk.config.yaml.document import parse

KEYS = st.sampled_from(["a", "b", "c"])


def layer(text: str, name: str = "x.yaml") -> Table:
    document = parse(text, Source(name, tuple(text.splitlines())))
    assert not document.problems
    return document.root


def merged(*texts: str) -> Any:
    return plain(settle(merge_tables(layer(text, f"{index}.yaml") for index, text in enumerate(texts))))


def test_maps_merge_deep_and_the_rest_replaces() -> None:
    assert merged("a: {b: 1, c: [1, 2]}\nd: x", "a: {c: [3]}\nd: y") == {"a": {"b": 1, "c": [3]}, "d": "y"}


def test_plus_appends() -> None:
    assert merged("a: [1]", "a+: [2]", "a+: [3]") == {"a": [1, 2, 3]}
    assert merged("b: 1", "a+: [2]") == {"b": 1, "a": [2]}
    assert merged("a: [1]", "a: null", "a+: [2]") == {"a": [2]}
    assert merged("a+: [1]", "a: [2]") == {"a": [2]}


def test_null_unsets() -> None:
    assert merged("a: {b: 1, c: 2}", "a: {b: null}") == {"a": {"c": 2}}
    assert merged("a: {b: 1}", "a: null") == {}
    assert merged("a: {b: 1}", "a: null", "a: {c: 2}") == {"a": {"c": 2}}


def test_explicit_falsehoods_win() -> None:
    lower = "a: true\nb: 1\nc: [1]\nd: text\ne: {f: 1}"
    upper = "a: false\nb: 0\nc: []\nd: ''"
    assert merged(lower, upper) == {"a": False, "b": 0, "c": [], "d": "", "e": {"f": 1}}


def origins() -> st.SearchStrategy[Origin]:
    return st.integers(0, 10**6).map(lambda number: Origin("file", f"file-{number}", 1, 1))


def values() -> st.SearchStrategy[Value]:
    scalars = st.builds(Scalar, st.sampled_from([None, False, True, 0, 1, 0.5, "", "x"]), origins())
    return st.recursive(scalars, lambda inner: st.one_of(lists(inner), tables(inner)), max_leaves=8)


def lists(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    some = st.builds(Scalar, st.integers(0, 9), origins())
    return st.builds(Items, st.lists(some, max_size=3).map(tuple), origins(), st.booleans())


def tables(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Table]:
    return st.builds(Table, st.dictionaries(KEYS, st.builds(Entry, origins(), inner), max_size=3), origins())


LAYERS = tables(values())


@given(LAYERS, LAYERS, LAYERS)
@settings(max_examples=300, deadline=None)
def test_merge_is_associative(first: Table, second: Table, third: Table) -> None:
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


@given(LAYERS)
@settings(deadline=None)
def test_an_empty_layer_changes_no_value(some: Table) -> None:
    assert plain(settle(merge_tables([some, Table({}, DEFAULT)]))) == plain(settle(merge_tables([some])))


@given(st.lists(LAYERS, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_every_leaf_is_the_very_node_of_one_layer(layers: list[Table]) -> None:
    tree = settle(merge_tables(layers))
    known = {
        (leaf.origin, leaf.value) for table in layers for _, leaf in leaves(table) if isinstance(leaf, Scalar)
    }
    for _, leaf in leaves(tree):
        if isinstance(leaf, Scalar):
            assert (leaf.origin, leaf.value) in known


@given(st.lists(LAYERS, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_setting_each_leaf_again_changes_nothing(layers: list[Table]) -> None:
    tree = settle(merge_tables(layers))
    for path, leaf in leaves(tree):
        if path and all(isinstance(segment, str) for segment in path):
            again = merge_tables([tree, nested(path, leaf, leaf.origin)])
            assert plain(settle(again)) == plain(tree)
            assert [(p, x.origin) for p, x in leaves(settle(again))] == [
                (p, x.origin) for p, x in leaves(tree)
            ]


@given(st.lists(LAYERS, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_settled_trees_wait_for_nothing(layers: list[Table]) -> None:
    tree = settle(merge_tables(layers))
    assert settle(tree) == tree
    assert all(not (isinstance(leaf, Items) and leaf.appends) for _, leaf in leaves(tree))


@given(st.lists(st.one_of(st.text(min_size=1, max_size=8), st.integers(0, 99)), min_size=1, max_size=5))
@settings(deadline=None)
def test_dotted_paths_are_read_back(path: list[str | int]) -> None:
    path = ["first", *path]
    assert parse_dotted(dotted(path)) == tuple(path)


def test_plain_data_becomes_a_tree_with_one_origin() -> None:
    origin = Origin("flag", "--temperature")
    tree = from_plain({"a": [1, {"b": None}]}, origin)
    assert plain(tree) == {"a": [1, {"b": None}]}
    assert {leaf.origin for _, leaf in leaves(tree)} == {origin}
    found = lookup(tree, ("a", 1, "b"))
    assert isinstance(found, Scalar)
