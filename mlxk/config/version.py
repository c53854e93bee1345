"""`mlxk:` and `requires:`: which language a file is written in, and which mlxk may read it."""

from __future__ import annotations

import re

from mlxk import __version__
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.origins import Origin
from mlxk.config.values import Scalar, Value, lookup
from mlxk.config.yaml.document import Document

LANGUAGE_VERSION = 1


_STATED = re.compile(r"(mlxk:\s+)([0-9]+)\s*(?:#.*)?")


def newer_language(document: Document) -> Diagnostic | None:
    """A file in a language that is not known yet: nothing else in it can be judged.

    It may not even be YAML as this mlxk reads it: then the line that says so is looked for in the text.
    """
    node = lookup(document.root, ("mlxk",))
    if isinstance(node, Scalar) and type(node.value) is int:
        return _newer(node.value, node.origin, document)
    if document.root.entries:
        return None
    source = document.source
    for number, line in enumerate(source.lines, 1):
        found = _STATED.fullmatch(line)
        if found is not None:
            column, width = len(found[1]) + 1, len(found[2])
            return _newer(
                int(found[2]), Origin("file", source.label, number, column, width, source), document
            )
    return None


def _newer(language: int, origin: Origin, document: Document) -> Diagnostic | None:
    if language <= LANGUAGE_VERSION:
        return None
    reads = f"mlxk {__version__} reads `mlxk: {LANGUAGE_VERSION}`"
    message = f"the file is in a newer language: {reads}"
    required = lookup(document.root, ("requires",))
    notes = (
        (f"its `requires` in line {required.origin.line} says which mlxk",) if required is not None else ()
    )
    return Diagnostic("E101", message, origin, "pip install --upgrade mlxk", notes, ("mlxk",))


def version_problem(document: Document) -> Diagnostic | None:
    """`mlxk:` and `requires:` are read before anything else: another version has other keys."""
    newer = newer_language(document)
    if newer is not None:
        return newer
    node = lookup(document.root, ("mlxk",))
    if node is None:
        message = "missing key `mlxk`: the version of the language"
        help_text = f"add `mlxk: {LANGUAGE_VERSION}` as the first line, or let `mlxk migrate` do it"
        return Diagnostic("E101", message, document.root.origin, help_text)
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or node.value != LANGUAGE_VERSION:
        message = f"`mlxk` must be {LANGUAGE_VERSION}, the version of the language that this mlxk reads"
        return Diagnostic("E101", message, node.origin, path=("mlxk",))
    return _unmet(lookup(document.root, ("requires",)))


def _unmet(required: Value | None) -> Diagnostic | None:
    if not isinstance(required, Scalar) or not isinstance(required.value, str):
        return None  # Another type is reported with everything else.
    met = satisfies(__version__, required.value)
    if met is None:
        message = "`requires` must be version limits, separated by commas"
        return Diagnostic(
            "E101", message, required.origin, 'such as ">=0.4" or ">=0.4,<2"', path=("requires",)
        )
    if not met:
        message = f"the file requires another mlxk: this is {__version__}"
        lower = [limit for limit in required.value.split(",") if limit.strip()[0] in ">="]
        enough = all(satisfies(__version__, limit) for limit in lower)
        help_text = "install a version within its limits" if enough else "pip install --upgrade mlxk"
        return Diagnostic("E101", message, required.origin, help_text, path=("requires",))
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
