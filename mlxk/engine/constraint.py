"""Constrained output: which token ids a grammar allows next, with llguidance.

`Compiler` turns constraints into `ConstraintGuide`s in a thread of its own. Reading a large vocabulary into
llguidance's trie takes seconds and holds the interpreter's lock, so a server has it done while the model
loads (`prepare`); a command that never constrains anything does not pay for it. Compiling a grammar takes
milliseconds and releases the lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlxk.engine import grammar
from mlxk.engine.base import Constraint, FramedConstraint
from mlxk.errors import MlxkError, RequestError, UnsupportedParameter

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class ConstraintGuide:
    """A `Guide` that lets through what its grammar allows, and `stop_tokens` where it may end."""

    forced: int | None = None

    def __init__(self, matcher: LLMatcher, stop_tokens: tuple[int, ...], guessed_end: int) -> None:
        """`guessed_end`: what llguidance takes for the end of text, which may be an ordinary token."""
        self._matcher = matcher
        self._stops = stop_tokens
        self._no_end = {guessed_end} - set(stop_tokens) if stop_tokens else set[int]()
        self.failure: MlxkError | None = None
        self.complete = False

    def accept(self, token: int) -> None:
        if not self.binding or (token in self._stops and self._matcher.is_accepting()):
            return
        if not self._matcher.consume_token(token) or self._matcher.is_error():
            self.failure = self._stuck()
        self.complete = self._matcher.is_stopped()

    @property
    def binding(self) -> bool:
        return not self.complete and self.failure is None

    @property
    def mask(self) -> bytes | None:
        """One bit for each id of the vocabulary, lowest bit first; `None` when anything may follow."""
        if not self.binding:
            return None
        mask = bytearray(self._matcher.compute_bitmask())
        may_end = self._matcher.is_accepting()
        for token in self._no_end if may_end else ():
            if token // 8 < len(mask):
                mask[token // 8] &= ~(1 << token % 8)
        for token in self._stops:
            if token // 8 < len(mask):
                bit = 1 << token % 8
                mask[token // 8] = mask[token // 8] | bit if may_end else mask[token // 8] & ~bit
        if not any(mask):
            self.failure = self._stuck()
            return None
        return bytes(mask)

    def _stuck(self) -> RequestError:
        return RequestError(
            f"the output cannot go on as it is constrained: {grammar.reason(self._matcher.get_error())}",
            hint="look for a part of the schema or grammar that needs itself, and so never ends",
            param="response_format",
        )


Compiled = Future[ConstraintGuide]


class Compiler:
    """Compiles for the model in `path`. `on_done` is called, in any thread, when a result is there."""

    def __init__(self, path: Path, on_done: Callable[[], None]) -> None:
        self._path = path
        self._on_done = on_done
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="mlxk-grammar")

    def prepare(self) -> Future[None]:
        """Read the vocabulary; what is wrong with it is told to requests that need it."""
        return self._executor.submit(self._prepare)

    def _prepare(self) -> None:
        with suppress(UnsupportedParameter):  # told to whom it concerns, by every `compile`
            _ = self._tokenizer

    def compile(self, constraint: Constraint | FramedConstraint, stop_tokens: tuple[int, ...]) -> Compiled:
        """The result raises `RequestError` for a constraint that cannot be enforced."""
        future = self._executor.submit(self._compile, constraint, stop_tokens)
        future.add_done_callback(lambda _: self._on_done())
        return future

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    @cached_property
    def _tokenizer(self) -> LLTokenizer:
        from llguidance import LLTokenizer

        file = self._path / "tokenizer.json"
        if not file.is_file():
            raise UnsupportedParameter(
                "constrained output needs a model with a tokenizer.json", param="response_format"
            )
        try:
            return LLTokenizer(_description(self._path))
        except (ValueError, KeyError, TypeError) as error:
            raise UnsupportedParameter(
                f"constrained output cannot read this model's tokenizer: {error}", param="response_format"
            ) from error

    def _compile(
        self, constraint: Constraint | FramedConstraint, stop_tokens: tuple[int, ...]
    ) -> ConstraintGuide:
        from llguidance import LLMatcher

        text = grammar.lark(constraint)
        matcher = LLMatcher(self._tokenizer, text, log_level=0)
        # Whether there is a first token at all is known only when it is asked for.
        if not matcher.is_error():
            matcher.compute_bitmask()
        if matcher.is_error():
            raise grammar.explain(constraint, matcher.get_error())
        return ConstraintGuide(matcher, stop_tokens, self._tokenizer.eos_token)


def failure_of(compiled: Compiled) -> MlxkError | None:
    """Why a constraint could not be compiled, in this project's words."""
    error = compiled.exception()
    if error is None or isinstance(error, MlxkError):
        return error
    return RequestError(f"the output cannot be constrained: {error}", param="response_format")


def _description(path: Path) -> str:
    """tokenizer.json, with the tokens that only tokenizer_config.json declares."""
    description: dict[str, Any] = json.loads((path / "tokenizer.json").read_text("utf-8"))
    config = path / "tokenizer_config.json"
    declared = json.loads(config.read_text("utf-8")).get("added_tokens_decoder") if config.is_file() else None
    added: list[dict[str, Any]] = description.setdefault("added_tokens", [])
    known = {token["id"] for token in added}
    for index, token in (declared or {}).items():
        if int(index) not in known:
            flags = {flag: token.get(flag, False) for flag in _FLAGS}
            added.append({"id": int(index), "content": token["content"], **flags})
    added.sort(key=lambda token: int(token["id"]))
    return json.dumps(description)
