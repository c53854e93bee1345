"""The decoder: generated token ids in, events out.

Each token goes through the detokeniser (or, when it is special, the alphabet), the scanner, a tool-call
reader where the grammar says so, and the block writer, before the next one: the events are the same however
the ids are portioned, but for where deltas are cut.

Rules: special tokens that no grammar names are not shown. Which grammar an output is read by, and so whether
tool calls are recognised in it, is `OutputGrammars.of`'s to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from mlxk.events import BlockKind, Event, TokenLogprob
from mlxk.requests import Tool
from mlxk.text.alphabet import Alphabet
from mlxk.text.blocks import BlockWriter
from mlxk.text.calls import CallBody
from mlxk.text.compiled import CompiledGrammar
from mlxk.text.detokenizer import Detokenizer
from mlxk.text.grammar import Opened, State
from mlxk.text.placing import Placing
from mlxk.text.scanner import Piece, Scan, Scanner, Switch
from mlxk.text.stops import Stops
from mlxk.text.tools.format import ReaderContext, ToolFormat


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
        self._body: CallBody | None = None
        self._answer_begun = False
        self._placing = Placing()
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
        self._placing.feed(text, logprob)
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
        placed = self._placing.take(len(text))
        if state.kind == "tool" and self._body is not None:
            self._feed_body(self._body, self._setup.grammar.spell(text))
        elif state.kind == "text" and not self._answer_begun and self._opens_bare(text):
            pass
        elif state.kind in ("text", "reasoning"):
            kind: BlockKind = "text" if state.kind == "text" else "reasoning"
            self._writer.write(kind, self._setup.alphabet.shown(text), placed)

    def _switch(self, scan: Switch) -> None:
        self._placing.drop(len(scan.text))
        spelled = self._setup.grammar.spell(scan.text)
        if scan.before.kind == "tool":
            self._end_body(spelled, complete=True)
        if scan.after.kind == "tool" and scan.after.tool is not None:
            self._begin_body(scan.after.tool, scan.before, scan.tool_name).begin(spelled)
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
                self._feed_body(self._begin_body(item, origin, None), text)
                return True
        return False

    def _begin_body(self, item: ToolFormat, origin: State, name: str | None) -> CallBody:
        setup = self._setup
        context = ReaderContext(setup.tools, name)
        kind: BlockKind = "reasoning" if origin.kind == "reasoning" else "text"
        self._body = CallBody(
            item, context, kind, self._writer, self._warnings.append, one_call=setup.one_call
        )
        return self._body

    def _feed_body(self, body: CallBody, text: str) -> None:
        body.feed(text)
        self._note(body)
        if body.given_up:  # the grammar goes on from there
            self._body = None
            self._scanner.leave()

    def _end_body(self, delimiter: str, *, complete: bool) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.end(delimiter, complete=complete)
            self._note(body)

    def _note(self, body: CallBody) -> None:
        self.saw_tool_call = self.saw_tool_call or body.opened
        self._enough = self._enough or body.enough
