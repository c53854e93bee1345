"""The output grammars of one model: which one a request's output is read by, and where it starts.

Built once from the profile, the templates' text and the vocabulary; see `presets` and `tools.table` for how
each is chosen.
"""

from __future__ import annotations

import re

from mlxk.config.schema import Profile
from mlxk.requests import GenerationRequest
from mlxk.text import presets
from mlxk.text.alphabet import Alphabet
from mlxk.text.compiled import CompiledGrammar
from mlxk.text.grammar import Grammar, Opened, Span, plain, reasoning_first, with_tools
from mlxk.text.scanner import Scanner
from mlxk.text.shipped import shipped_spans
from mlxk.text.templates import Templates
from mlxk.text.tokenizer import Tokenizer
from mlxk.text.tools.format import ToolFormat
from mlxk.text.tools.table import GENERIC, formats_of, marked, named


class OutputGrammars:
    """Raises `ProfileError` when the profile names a preset that does not exist."""

    def __init__(self, profile: Profile, tokenizer: Tokenizer, templates: Templates) -> None:
        known = templates.known
        reasoning = profile.reasoning
        markers = [Span(item.start, item.end, item.kind) for item in reasoning.markers or ()]
        thoughts = presets.resolve(
            known, tokenizer.added_ids, reasoning.format, markers, shipped_spans(tokenizer.config)
        )
        calls_in_reasoning = profile.tools.in_reasoning == "call"
        if not calls_in_reasoning:
            thoughts = reasoning_first(thoughts)
        self.formats = formats = _formats(profile, tokenizer, templates, thoughts)
        self.grammar = with_tools(thoughts, formats, in_reasoning=calls_in_reasoning)
        self.alphabet = Alphabet(tokenizer, self.grammar.delimiters)
        self._full = self._compiled(self.grammar)
        self._without_calls = self._compiled(thoughts)
        self._raw = self._compiled(plain())
        self._budget = _as_written(self.grammar.budget, known)

    @property
    def thinks(self) -> bool:
        return any(state.kind == "reasoning" for state in self.grammar.states.values())

    @property
    def budget(self) -> tuple[str, str] | None:
        """What begins reasoning, and what ends it as the model itself would."""
        return self._budget

    def starts_reasoning(self, opened: Opened) -> bool:
        return self.grammar.states[opened.state].kind == "reasoning"

    def of(self, request: GenerationRequest) -> CompiledGrammar:
        """Raw completions have no grammar: what the model says, special tokens left out.

        Tool calls are recognised when the request may call tools: it declares some, and does not say
        `tool_choice: none`. Otherwise what looks like a call is text, as vLLM and llama.cpp have it. Grammars
        of messages (harmony) keep their calls: without its recipient such a message makes no sense.
        """
        if request.prompt is not None:
            return self._raw
        may_call = request.tools and request.tool_choice != "none"
        return self._full if may_call else self._without_calls

    def opened(self, written: str) -> Opened:
        """The state that the output starts in: what the end of the prompt, read by the grammar, leads to.

        Its end is the last message: from the delimiter that begins messages, or from the last special token
        that is no delimiter. A prompt without either counts only if a delimiter is the very end of it.
        """
        grammar = self._full
        start = Opened(grammar.grammar.initial)
        if grammar.turn is not None:
            place = written.rfind(grammar.turn)
            tail = written[place:] if place >= 0 else ""
        else:
            tail = _last_turn(written, _delimiter_chars(grammar))
        if not tail and grammar.turn is None:
            ending = [text for text in grammar.states[start.state].targets if written.rstrip().endswith(text)]
            tail = max(ending, key=len, default="")
        scanner = Scanner(grammar, start)
        scanner.feed(tail)
        return start if scanner.state.kind == "tool" else scanner.opened

    def _compiled(self, grammar: Grammar) -> CompiledGrammar:
        return CompiledGrammar(grammar, self.alphabet.write, self.alphabet.spell)


def _formats(
    profile: Profile, tokenizer: Tokenizer, templates: Templates, thoughts: Grammar
) -> tuple[ToolFormat, ...]:
    """The profile's word, then what template and vocabulary show; harmony brings its calls itself.

    Where the template shows no tools, the model may also answer as the description of `tool_prompt` says.
    """
    tools = profile.tools
    if tools.markers is not None:
        return tuple(marked(item.start, item.end) for item in tools.markers)
    if tools.format is not None:
        return named(tools.format)
    if any(state.kind == "tool" for state in thoughts.states.values()):
        return ()
    found = formats_of(templates.known, tokenizer.added_ids)
    return found if templates.shows_tools else tuple(dict.fromkeys((*found, *GENERIC)))


def _as_written(budget: tuple[str, str] | None, known: str) -> tuple[str, str] | None:
    """A budget's end with the line breaks that the template writes around it (`\\n</think>\\n\\n`)."""
    if budget is None or not budget[1].strip():
        return budget
    start, end = budget
    delimiter = end.strip()
    found = re.findall(rf"(\n*){re.escape(delimiter)}(\n*)", known)
    before = max((lead for lead, _ in found), key=len, default="")
    return start, before + end


def _delimiter_chars(grammar: CompiledGrammar) -> set[str]:
    return {char for state in grammar.states.values() for text in state.targets for char in text}


def _last_turn(written: str, delimiters: set[str]) -> str:
    for index in range(len(written) - 1, -1, -1):
        char = written[index]
        if "\ud800" <= char <= "\udfff" and char not in delimiters:
            return written[index + 1 :]
    return ""
