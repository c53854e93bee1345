"""The decoder: generated token ids in, events out.

Each token goes through the detokeniser (or, when it is special, the alphabet), the scanner, a tool-call
reader where the grammar says so, and the block writer, before the next one: the events are the same however
the ids are portioned, but for where deltas are cut.

Rules: special tokens that no grammar names are not shown. Tool calls are recognised when the request
declares tools, or when the format frames them with special tokens, which no text can imitate. A call that
cannot be read, or that the output's end cuts off before its name was known, is shown as text, its delimiters
with it, where it stood; one whose name was already announced is ended with what there is. Both warn.
"""

from __future__ import annotations

import json
import secrets
import string
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from mlxk.events import BlockKind, Event, TokenLogprob
from mlxk.requests import Tool
from mlxk.text.alphabet import Alphabet
from mlxk.text.blocks import BlockWriter, Placed
from mlxk.text.detokenizer import Detokenizer
from mlxk.text.grammar import Opened, State
from mlxk.text.scanner import CompiledGrammar, Piece, Scan, Scanner, Switch
from mlxk.text.stops import Stops
from mlxk.text.tools.format import (
    CallArguments,
    CallClosed,
    CallItem,
    CallOpened,
    CallReader,
    NoCall,
    ReaderContext,
    ToolFormat,
)

_SHORT_ID = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class DecoderSetup:
    """What one output is decoded with.

    `stop_names` are the stop tokens that the profile names. `raw`: all but special tokens is the answer.
    """

    grammar: CompiledGrammar
    alphabet: Alphabet
    opened: Opened
    detokenizer: Detokenizer
    stops: Stops
    stop_everywhere: bool
    special: frozenset[int]
    stop_ids: frozenset[int]
    stop_names: dict[int, str]
    tools: tuple[Tool, ...] = ()
    one_call: bool = False
    raw: bool = False


class Decoder:
    """Decodes one output. `stopped`: nothing of what the engine says from here on will be shown.

    `tokens` counts those up to there: how far an engine runs on before it hears of a stop is chance.
    """

    def __init__(self, setup: DecoderSetup) -> None:
        grammar = setup.grammar.grammar
        self._setup = setup
        self._scanner = Scanner(setup.grammar, setup.opened)
        self._writer = BlockWriter(setup.stops, stop_everywhere=setup.stop_everywhere, trim=grammar.trim)
        self._body: _Body | None = None
        self._answer_begun = False
        self._fed = 0
        self._consumed = 0
        self._logprobs: deque[tuple[int, int, TokenLogprob]] = deque()
        self._waiting: list[TokenLogprob] = []
        self._warnings: list[str] = []
        self._stop_token: str | None = None
        self._enough = False
        self.tokens = 0
        self.reasoning_tokens = 0
        self.saw_tool_call = False

    @property
    def stopped(self) -> bool:
        return self._writer.stopped or self._enough

    @property
    def stop_sequence(self) -> str | None:
        """The stop string, or the profile's stop token, that ended the output."""
        return self._writer.stop_sequence or self._stop_token

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._warnings))

    def feed(self, ids: Sequence[int], logprobs: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Sampled tokens, and as many log-probabilities or none."""
        for index, token in enumerate(ids):
            if self.stopped:
                break
            self.tokens += 1
            self._token(token, logprobs[index] if logprobs else None)
        return self._writer.take()

    def finish(self, reason: Literal["stop", "length", "cancelled"]) -> list[Event]:
        """Give out what was held back and close what is open. Call it once, last."""
        if not self.stopped:
            self._apply(self._scanner.feed(self._setup.detokenizer.flush()))
            self._apply(self._scanner.flush())
            if self._body is not None:
                self._end_body("", complete=reason == "stop")
        self._writer.finish()
        return self._writer.take()

    def _token(self, token: int, logprob: TokenLogprob | None) -> None:
        setup, scanner = self._setup, self._scanner
        before = scanner.state.kind
        text = self._text(token)
        if logprob is not None:
            self._place(text, logprob)
        self._fed += len(text)
        if text:
            self._apply(scanner.feed(text))
        if before == "reasoning" == scanner.state.kind and token not in setup.stop_ids:
            self.reasoning_tokens += 1

    def _text(self, token: int) -> str:
        setup = self._setup
        char = setup.alphabet.of_id.get(token)
        if token in setup.stop_ids:  # shown only where the grammar reads it
            self._stop_token = setup.stop_names.get(token)
            shown = char if char is not None and self._scanner.ends_with(char) else ""
            return setup.detokenizer.flush() + shown
        if char is None or setup.raw:
            return "" if token in setup.special else setup.detokenizer.feed(token)
        return setup.detokenizer.flush() + char

    def _place(self, text: str, logprob: TokenLogprob) -> None:
        """A token that only completes a character with later ones stands where that character does."""
        self._waiting.append(logprob)
        if text:
            self._logprobs += [(self._fed, self._fed + len(text), item) for item in self._waiting]
            self._waiting.clear()

    def _apply(self, scans: list[Scan]) -> None:
        for scan in scans:
            match scan:
                case Piece():
                    self._piece(scan.state, scan.text)
                case Switch():
                    self._switch(scan)
                case _:
                    assert_never(scan)

    def _piece(self, state: State, text: str) -> None:
        placed = self._placed(text)
        if state.kind == "tool" and self._body is not None:
            self._items(self._body, self._body.reader.feed(self._setup.grammar.spell(text)))
            self._leave_hopeless()
        elif state.kind == "text" and not self._answer_begun and self._opens_bare(text):
            pass
        elif state.kind in ("text", "reasoning"):
            kind: BlockKind = "text" if state.kind == "text" else "reasoning"
            self._writer.write(kind, self._setup.alphabet.shown(text), placed)

    def _placed(self, text: str) -> list[Placed]:
        """The log-probabilities of tokens that begin in `text`, or began before it and reach into it."""
        start, end = self._consumed, self._consumed + len(text)
        self._consumed = end
        placed: list[Placed] = []
        while self._logprobs and self._logprobs[0][0] < end:
            begin, _, item = self._logprobs.popleft()
            placed.append((max(begin - start, 0), item))
        return placed

    def _switch(self, scan: Switch) -> None:
        self._consumed += len(scan.text)
        while self._logprobs and self._logprobs[0][1] <= self._consumed:
            self._logprobs.popleft()
        spelled = self._setup.grammar.spell(scan.text)
        if scan.before.kind == "tool":
            self._end_body(spelled, complete=True)
        if scan.after.kind == "tool" and scan.after.tool is not None:
            self._begin_body(scan.after.tool, spelled, scan.before, scan.tool_name)
        elif scan.before.kind not in ("tool", scan.after.kind):
            self._writer.end_block()
        self._writer.delimiter()

    def _opens_bare(self, text: str) -> bool:
        """Whether an answer begins as calls without delimiters begin; if so, its text is theirs."""
        begun = text.lstrip()
        if not begun or not self._writer.blank:
            return False
        self._answer_begun = True
        for index, item in enumerate(self._setup.grammar.grammar.bare):
            if begun.startswith(item.opener):
                origin = self._scanner.state
                self._scanner.enter(f"bare:{index}")
                self._begin_body(item, "", origin, None)
                if self._body is not None:
                    self._items(self._body, self._body.reader.feed(text))
                self._leave_hopeless()
                return True
        return False

    def _begin_body(self, item: ToolFormat, start: str, origin: State, name: str | None) -> None:
        kind: BlockKind = "reasoning" if origin.kind == "reasoning" else "text"
        reader = item.reader(ReaderContext(self._setup.tools, name))
        self._body = _Body(item, reader, kind, "" if item.whole else start)
        if item.whole:
            self._items(self._body, reader.feed(start))

    def _end_body(self, end: str, *, complete: bool) -> None:
        body, self._body = self._body, None
        if body is None:
            return
        if body.format.whole:
            self._items(body, body.reader.feed(end))
        self._items(body, body.reader.finish(complete))
        if body.shown == "text" and not body.format.whole:
            self._writer.write(body.kind, end)

    def _leave_hopeless(self) -> None:
        """Without delimiters, text that is no call is the answer, and the grammar goes on from there."""
        body = self._body
        if body is not None and body.reader.hopeless and not body.format.start and body.format.opener:
            self._body = None
            self._scanner.leave()

    def _items(self, body: _Body, items: list[CallItem]) -> None:
        for item in items:
            match item:
                case CallOpened():
                    body.shown, body.arguments = "call", ""
                    self.saw_tool_call = True
                    self._writer.open_call(item.id or _new_id(body.format), item.name)
                case CallArguments():
                    body.arguments += item.text
                    self._writer.write("tool_call", item.text)
                case CallClosed():
                    self._close_call(body, item)
                case NoCall():
                    self._no_call(body, item)
                case _:
                    assert_never(item)

    def _close_call(self, body: _Body, item: CallClosed) -> None:
        self._writer.end_block()
        if item.problem is not None:
            self._warnings.append(f"a tool call may not be usable: {item.problem}")
        elif not _is_json(body.arguments):
            self._warnings.append("a tool call may not be usable: its arguments are not JSON")
        self._enough = self._enough or self._setup.one_call

    def _no_call(self, body: _Body, item: NoCall) -> None:
        opening = body.start if not body.shown else ""
        body.shown = body.shown or "text"
        self._writer.write(body.kind, opening + item.text)
        if item.problem and not body.format.opener:
            self._warnings.append(f"shown as text: {item.problem}")


@dataclass(slots=True)
class _Body:
    """The tool-call body being read. `shown` is how its first item was shown."""

    format: ToolFormat
    reader: CallReader
    kind: BlockKind
    start: str
    shown: Literal["", "call", "text"] = ""
    arguments: str = ""


def _new_id(item: ToolFormat) -> str:
    """Mistral's templates accept nine letters and digits only; everybody else takes OpenAI's form."""
    if item.ids == "short":
        return "".join(secrets.choice(_SHORT_ID) for _ in range(9))
    return f"call_{secrets.token_hex(12)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except ValueError:
        return False
    return True
