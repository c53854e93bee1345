"""A resolved profile: its values, and where each of them comes from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from mlxk.config.origins import DEFAULT, KeyPath, Origin, dotted, parse_dotted
from mlxk.config.schema import Profile
from mlxk.config.values import Entry, Items, Scalar, Table, Value, from_plain, is_unset, leaves, lookup, plain


@dataclass(frozen=True, slots=True)
class Link:
    """One layer's say about one key. `unset` where it took the key away."""

    layer: str
    origin: Origin
    value: Value

    @property
    def unset(self) -> bool:
        return is_unset(self.value)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A profile with where everything in it comes from.

    `profile` holds secrets that interpolation brought in; `tree` shows each as the `${…}` that was written.
    `files` are those that say something, as messages name them; `read` are all that were read.
    """

    name: str
    profile: Profile = field(repr=False)
    tree: Table = field(repr=False)
    layers: tuple[tuple[str, Table], ...] = field(repr=False)
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    variants: tuple[str, ...] = ()
    read: frozenset[Path] = frozenset()

    def origin(self, path: str | KeyPath) -> Origin:
        """Where the value at `path` (`sampling.top_p`) comes from."""
        node = lookup(self.tree, parse_dotted(path) if isinstance(path, str) else path)
        return node.origin if node is not None else DEFAULT

    @property
    def origins(self) -> dict[str, Origin]:
        """The origin of every value, by dotted path."""
        return {dotted(path): leaf.origin for path, leaf in leaves(self.tree)}

    def chain(self, path: str | KeyPath) -> tuple[Link, ...]:
        """What each layer says about `path`, from low to high; the last is what counts."""
        place = parse_dotted(path) if isinstance(path, str) else path
        links = []
        for name, layer in self.layers:
            node = lookup(layer, place)
            if node is not None:
                links.append(Link(name, node.origin, node))
        return tuple(links)

    @property
    def config_hash(self) -> str:
        """sha256 of the effective values, `${…}` as written: equal configurations have equal hashes."""
        values = from_plain(self.profile.model_dump(mode="json", by_alias=True), DEFAULT)
        canonical = _masked(values, self.tree)
        shown = json.dumps(plain(canonical, shown=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()


def _masked(values: Value, tree: Value) -> Value:
    """Validated values, with the scalars of `tree` in their place wherever `${…}` gave them."""
    match values, tree:
        case Table(), Table():
            entries = {
                key: Entry(entry.key, _masked(entry.value, tree.entries[key].value))
                for key, entry in values.entries.items()
                if key in tree.entries
            }
            return Table({**values.entries, **entries}, values.origin)
        case Items(), Items():
            pairs = zip(values.items, tree.items, strict=True)
            return Items(tuple(_masked(value, under) for value, under in pairs), values.origin)
        case _, Scalar(expression=str()):
            return tree
        case _:
            return values
