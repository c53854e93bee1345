"""`mlxk:` and `requires:`: which language a file is written in, and which mlxk may read it."""

from __future__ import annotations

import re

from mlxk import __version__
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.document import Document
from mlxk.config.layers import Scalar, lookup

LANGUAGE_VERSION = 1


def version_problem(document: Document) -> Diagnostic | None:
    """`mlxk:` and `requires:` are read before anything else: another version has other keys."""
    node = lookup(document.root, ("mlxk",))
    if node is None:
        help_text = f"add `mlxk: {LANGUAGE_VERSION}` as the first line"
        return Diagnostic(
            "E101", "missing key `mlxk`: the version of the language", document.root.origin, help_text
        )
    if not isinstance(node, Scalar) or type(node.value) is not int or node.value != LANGUAGE_VERSION:
        message = f"`mlxk` must be {LANGUAGE_VERSION}, the version of the language that this mlxk reads"
        return Diagnostic("E101", message, node.origin, path=("mlxk",))
    required = lookup(document.root, ("requires",))
    if not isinstance(required, Scalar) or not isinstance(required.value, str):
        return None  # Another type is reported with everything else.
    met = satisfies(__version__, required.value)
    if met is None:
        message = "`requires` must be version limits, separated by commas"
        return Diagnostic(
            "E101", message, required.origin, 'such as ">=0.4" or ">=0.4,<2"', path=("requires",)
        )
    if not met:
        message = f"this file requires another mlxk; this is {__version__}"
        return Diagnostic("E101", message, required.origin, "pip install --upgrade mlxk", path=("requires",))
    return None


_LIMIT = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9]+(?:\.[0-9]+)*)\s*")


def satisfies(version: str, limits: str) -> bool | None:
    """Whether `version` is within `limits`; `None` if those cannot be read."""
    actual = _numbers(version)
    results = []
    for limit in limits.split(","):
        match = _LIMIT.fullmatch(limit)
        if match is None:
            return None
        wanted = _numbers(match[2])
        order = (actual > wanted) - (actual < wanted)
        results.append(order in _ORDERS[match[1]])
    return all(results)


_ORDERS = {">=": (0, 1), "<=": (0, -1), "==": (0,), "!=": (-1, 1), ">": (1,), "<": (-1,)}


def _numbers(version: str) -> tuple[int, ...]:
    """The release's numbers, without trailing zeros: 1.0 is 1."""
    release = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in release[0].split(".")] if release else [0]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
