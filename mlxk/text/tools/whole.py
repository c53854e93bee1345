"""Calls that are read when their body is whole, because their arguments are not JSON.

The bodies' parsers are mlx-lm's (`mlx_lm.tool_parsers`: a module each with `parse_tool_call`). They are
loaded by file: importing `mlx_lm` itself would run all of it, MLX with it, and these need neither.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mlxk.text.tools.format import CallArguments, CallClosed, CallItem, CallOpened, NoCall, ReaderContext

Parse = Callable[[str, list[dict[str, Any]] | None], Any]

_PACKAGE = "mlxk_tool_parsers"
# What third-party parsers raise on text that is not theirs.
_REFUSALS = (ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError, ArithmeticError)


class WholeCalls:
    """Holds a body until it ends, then parses it. `opener`, for bodies without delimiters, is a pattern
    that the beginning must match as far as it goes: what cannot be a call is let go at once."""

    def __init__(
        self, context: ReaderContext, parse: Parse, *, opener: str = "", declared: bool = False
    ) -> None:
        self._context = context
        self._parse = parse
        self._opener = opener
        self._declared = declared
        self._body = ""
        self.hopeless = False

    def feed(self, text: str) -> list[CallItem]:
        if self.hopeless:
            return [NoCall(text, "")]
        self._body += text
        if self._opener and not re.match(self._opener, self._body):
            self.hopeless = True
            body, self._body = self._body, ""
            return [NoCall(body, "")]
        return []

    def finish(self, complete: bool) -> list[CallItem]:
        body, self._body = self._body, ""
        if self.hopeless or not body:
            return []
        try:
            calls = _calls(self._parse(body, self._context.schemas))
        except _REFUSALS:
            calls = []
        known = self._context.names
        if not calls or (self._declared and any(name not in known for name, _, _ in calls)):
            problem = "the tool call cannot be read" if complete else "the tool call was cut off"
            return [NoCall(body, problem)]
        items: list[CallItem] = []
        for name, call_id, arguments in calls:
            items += [CallOpened(name, call_id), CallArguments(arguments), CallClosed()]
        return items


def delegated(module: str) -> Parse:
    """The parser of `mlx_lm.tool_parsers.<module>`, loaded when it is first needed."""
    return lambda text, tools: _module(module).parse_tool_call(text, tools)


def python_lines(text: str, tools: list[dict[str, Any]] | None) -> Any:
    """Python calls, one a line (OLMo 3), or a list of them."""
    stripped = text.strip()
    if not stripped.startswith("["):
        nodes = ast.parse(stripped).body
        stripped = "[" + ", ".join(ast.unparse(node) for node in nodes) + "]"
    return _module("pythonic").parse_tool_call(stripped, tools)


def python_list(text: str, tools: list[dict[str, Any]] | None) -> Any:
    """A list of Python calls, or one of JSON objects: LFM models are shown both."""
    stripped = text.strip()
    if re.match(r"\[?\s*\{", stripped):
        return json.loads(stripped)
    return _module("pythonic").parse_tool_call(text, tools)


_FENCE = re.compile(r"```(?:json)?\s*(?P<body>.*?)\s*(?:```|$)", re.DOTALL)


def fenced(text: str, tools: list[dict[str, Any]] | None) -> Any:
    """JSON calls in a code fence (Command-R's `Action:`), each with its `tool_name` and `parameters`."""
    found = _FENCE.search(text)
    calls = json.loads(found["body"] if found else text)
    return [
        {"name": call.get("tool_name") or call["name"], "arguments": call.get("parameters") or {}}
        for call in (calls if isinstance(calls, list) else [calls])
    ]


def _calls(parsed: object) -> list[tuple[str, str | None, str]]:
    """(name, id, arguments as JSON) of each call; raises `ValueError` on what is none."""
    items = [parsed] if isinstance(parsed, Mapping) else parsed
    if not isinstance(items, Sequence):
        raise ValueError("no call")
    return [_call(item) for item in items]


def _call(item: Mapping[str, Any]) -> tuple[str, str | None, str]:
    name, arguments, call_id = item["name"], item.get("arguments"), item.get("id")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("a call without a name")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
    return name.strip(), call_id if isinstance(call_id, str) else None, text


@cache
def _module(name: str) -> Any:
    """A module of mlx-lm's folder of parsers, under a package name of our own (some import each other)."""
    if _PACKAGE not in sys.modules:
        root = importlib.util.find_spec("mlx_lm")
        if root is None or not root.submodule_search_locations:
            raise ModuleNotFoundError("mlx_lm is not installed")
        folder = Path(root.submodule_search_locations[0]) / "tool_parsers"
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"no tool parsers in {folder}")
        package = importlib.util.module_from_spec(spec)
        sys.modules[_PACKAGE] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{_PACKAGE}.{name}")
