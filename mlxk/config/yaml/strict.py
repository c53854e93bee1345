"""YAML 1.2's core schema, as editors read it, on PyYAML's scanner, parser and composer.

`no` is a string, `0777` a decimal number, `1e-3` a float. What is too deep or too large is refused while it
is scanned or on the node graph, before any value is built: in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import yaml

from mlxk.config.values import Atom

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_NODES = 150_000

TAG = "tag:yaml.org,2002:"
MERGE = TAG + "merge"


class _Loader(yaml.SafeLoader):
    """The scanner, parser and composer of PyYAML with YAML 1.2's core schema instead of 1.1's types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's API)
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused("E009", f"nested deeper than {MAX_DEPTH} levels", self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def fetch_flow_collection_start(self, token: object) -> None:
        # The scanner looks up to 1,024 characters ahead for a key, in time quadratic in its open brackets.
        if self.flow_level >= MAX_DEPTH:
            raise Refused("E009", f"nested deeper than {MAX_DEPTH} levels", self.get_mark())
        super().fetch_flow_collection_start(token)


class Refused(Exception):
    """The text is beyond a limit at `mark`."""

    def __init__(self, code: str, message: str, mark: yaml.Mark | None, help_text: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.mark = mark
        self.help = help_text


# https://yaml.org/spec/1.2.2/#103-core-schema; each with the characters that it can begin with.
_CORE = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", r"<<", "<"),
)
for _name, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(
        TAG + _name, re.compile(rf"(?:{_pattern})\Z"), ["" if char == "\0" else char for char in _first]
    )


def _integer(text: str) -> int:
    bases = {"0o": 8, "0x": 16}
    return int(text[2:], bases[text[:2]]) if text[:2] in bases else int(text)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


CONSTRUCT: Mapping[str, Callable[[str], Atom]] = {
    TAG + "null": lambda text: None,
    TAG + "bool": lambda text: text.lower() == "true",
    TAG + "int": _integer,
    TAG + "float": _float,
    TAG + "str": str,
    MERGE: str,
}


def typed(text: str) -> Atom:
    """What YAML 1.2 makes of `text` as a plain scalar: a number, `true`, `null`, or the text itself."""
    tag = _resolve(text)
    try:
        return CONSTRUCT[tag](text)
    except ValueError:
        return text


def is_unicode(text: str) -> bool:
    """False for text with half of a surrogate pair: bytes that were no UTF-8, or a lone "\\ud800"."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _resolve(text: str) -> str:
    for tag, pattern in _Loader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return tag
    return TAG + "str"


def compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    if node is not None:
        _expanded_size(node, {}, set())
    return node


def events(text: str) -> Iterator[yaml.Event]:
    """What the parser says of `text`, in order, each with where it stands. Limits are not held here."""
    loader = _Loader(text)
    try:
        while loader.check_event():
            event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]
            yield event
    finally:
        loader.dispose()


def plain_tag(text: str) -> str:
    """The tag of `text` as a plain scalar."""
    return _resolve(text)


def _expanded_size(node: yaml.Node, sizes: dict[int, int], open_nodes: set[int]) -> int:
    """How many values the graph below `node` stands for, each alias counted in full."""
    known = sizes.get(id(node))
    if known is not None:
        return known
    if id(node) in open_nodes:
        raise Refused("E008", "an alias inside its own anchor", node.start_mark)
    open_nodes.add(id(node))
    size = 1
    for child in _children(node):
        size += _expanded_size(child, sizes, open_nodes)
        if size > MAX_NODES:
            raise Refused("E008", f"aliases expand to more than {MAX_NODES:,} values", node.start_mark)
    open_nodes.discard(id(node))
    sizes[id(node)] = size
    return size


def _children(node: yaml.Node) -> list[yaml.Node]:
    match node:
        case yaml.MappingNode():
            return [part for pair in node.value for part in pair]
        case yaml.SequenceNode():
            return list(node.value)
        case _:
            return []
