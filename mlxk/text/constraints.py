"""The frame of a constrained output: what a model writes around an answer or a tool call, as a grammar.

A constraint is for the answer. A reasoning model may think first, harmony has headers, and a tool call stands
in its own marks; all of that comes from the output grammar, so the frame and the decoder cannot disagree.

Frames are Lark text in llguidance's dialect. They use the rule `answer`, and rules for the arguments of
tools, which the caller adds. `<[7]>` is the token with the id 7: delimiters that are tokens are matched
as ids, as the scanner does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.requests import GenerationRequest, NamedToolChoice, Tool
from mlxk.text.call_grammar import CallGrammar, SchemaRule, call_grammar, terms
from mlxk.text.grammar import Grammar
from mlxk.text.model import TextModel
from mlxk.text.prompt import Prompt
from mlxk.text.tools.written import written

ANSWER = "answer"
_THOUGHT = r"THOUGHT: /(.|\n)*/"
_GAP = r"GAP: /[ \n\r\t]{0,4}/"


@dataclass(frozen=True, slots=True)
class OutputFrame:
    """`lark` lacks the rule `answer`, if `has_answer`, and those of `rules`: what tools are given.

    `reasoning_end` is what a reasoning budget must end reasoning with, if not with its own text.
    """

    lark: str
    has_answer: bool
    rules: Mapping[str, SchemaRule]
    reasoning_end: str | None = None


def output_frame(text: TextModel, prompt: Prompt, request: GenerationRequest) -> OutputFrame | None:
    """The frame that a request needs, `None` for one that constrains nothing.

    Raises `UnsupportedParameter` where this model's formats cannot be put into a grammar.
    """
    tools = _callable(request)
    must_call = request.tool_choice not in ("auto", "none")
    if request.response_format is None and not must_call:
        return None
    if request.continue_final:
        raise UnsupportedParameter(
            "an answer that carries on another one cannot be constrained", param="response_format"
        )
    if request.prompt is not None:
        return OutputFrame("start: answer", True, {})
    param = "tool_choice" if must_call else "response_format"
    calls = _calls(text, tools, param, many=_many(request)) if tools else None
    body = _Body(not must_call, calls)
    if text.grammar.name == "harmony":
        return _harmony(text, prompt, body)
    if text.grammar.turn is not None:
        raise _unsupported(f"the message format {text.grammar.name!r} of this model", body.param)
    return _plain(text, prompt, request, body)


@dataclass(frozen=True, slots=True)
class _Body:
    """What stands behind the reasoning: an answer, calls, or either."""

    has_answer: bool
    calls: CallGrammar | None

    @property
    def param(self) -> str:
        return "response_format" if self.has_answer else "tool_choice"

    @property
    def lines(self) -> list[str]:
        parts = [*(["final"] if self.has_answer else []), *(["calls"] if self.calls else [])]
        return [f"body: {' | '.join(parts)}", *(self.calls.lines if self.calls else ())]

    @property
    def rules(self) -> Mapping[str, SchemaRule]:
        return self.calls.rules if self.calls else {}


def _calls(text: TextModel, tools: Mapping[int, Tool], param: str, *, many: bool) -> CallGrammar:
    """Calls as the first of the model's formats writes them."""
    harmony = text.grammar.name == "harmony"
    name = "harmony" if harmony else next((item.name for item in text.tool_formats), None)
    calls = None if name is None else written(name, text.template_writes)
    if calls is None:
        what = f"the tool-call format {name!r} of this model" if name else "a tool call of this model"
        raise _unsupported(what, param)
    return call_grammar(calls, tools, text.tokenizer, many=many)


def _callable(request: GenerationRequest) -> dict[int, Tool]:
    """The tools that may be called, by their place in the request."""
    choice, tools = request.tool_choice, dict(enumerate(request.tools))
    if choice == "none":
        return {}
    if not isinstance(choice, NamedToolChoice):
        if choice == "required" and not tools:
            raise RequestError("a tool call is required, and no tools are declared", param="tool_choice")
        return tools
    if named := {index: tool for index, tool in tools.items() if tool.name == choice.name}:
        return named
    raise RequestError(f"tool_choice names {choice.name!r}, which is not declared", param="tool_choice")


def _many(request: GenerationRequest) -> bool:
    return request.parallel_tool_calls is not False and not isinstance(request.tool_choice, NamedToolChoice)


def _unsupported(what: str, param: str) -> UnsupportedParameter:
    hint = "send no tools, or tool_choice none" if param == "response_format" else "use tool_choice auto"
    return UnsupportedParameter(f"{what} cannot be enforced", hint=hint, param=param)


def _harmony(text: TextModel, prompt: Prompt, body: _Body) -> OutputFrame:
    """Any analysis, then the final channel, or a call in the commentary channel."""
    kind = text.grammar.states[prompt.opened.state].kind
    if kind not in ("header", "reasoning") or prompt.opened.header.strip() not in ("", "assistant"):
        raise _unsupported("a prompt that begins the answer's message", body.param)
    tokens = text.tokenizer
    end = "<|end|><|start|>assistant"
    lines = [
        f"start: {'thought ' if kind == 'reasoning' else ''}analysis* body",
        f"analysis: {terms('<|channel|>analysis<|message|>', tokens)} thought",
        f"thought: THOUGHT {terms(end, tokens)}",
        _THOUGHT,
        *body.lines,
    ]
    if body.has_answer:
        lines.append(f"final: {terms('<|channel|>final<|message|>', tokens)} answer")
    return OutputFrame("\n".join(lines), body.has_answer, body.rules, end)


def _plain(text: TextModel, prompt: Prompt, request: GenerationRequest, body: _Body) -> OutputFrame:
    """Perhaps a block of reasoning, then the answer, or calls in their marks."""
    lines = [*_reasoning(text, prompt, request), *body.lines]
    if body.has_answer:
        lines.append("final: answer")
    return OutputFrame("\n".join(lines), body.has_answer, body.rules)


def _reasoning(text: TextModel, prompt: Prompt, request: GenerationRequest) -> list[str]:
    grammar, budget = text.grammar, text.reasoning_ends
    opened = grammar.states[prompt.opened.state].kind == "reasoning"
    if budget is None or not (opened or _may_think(text, request)):
        return ["start: body"]
    start, closing = budget
    end = _end_of_reasoning(grammar, closing)
    after = closing.lstrip().removeprefix(end)
    gap = terms(after, text.tokenizer) if after.strip() else "GAP"
    end_terms = terms(end, text.tokenizer)
    return [
        "start: thought body" if opened else f"start: body | {terms(start, text.tokenizer)} thought body",
        f"thought: THOUGHT {end_terms} {gap}" if end_terms.startswith("<[") else f"thought: closed {gap}",
        _THOUGHT if end_terms.startswith("<[") else f"closed[lazy]: /(.|\\n)*{_pattern(end)}/",
        *([] if after.strip() else [_GAP]),
    ]


def _may_think(text: TextModel, request: GenerationRequest) -> bool:
    """Unless somebody switched thinking off."""
    wish = request.reasoning
    effort = wish.effort or text.profile.reasoning.effort
    enabled = wish.enabled if wish.enabled is not None else text.profile.reasoning.enabled
    return enabled is not False and (effort != "none" or enabled is True)


def _end_of_reasoning(grammar: Grammar, closing: str) -> str:
    """The delimiter that `closing` begins with."""
    return max((text for text in grammar.delimiters if closing.lstrip().startswith(text)), key=len)


def _pattern(text: str) -> str:
    """Text as part of a regular expression between slashes."""
    return re.escape(text).replace("/", r"\/").replace(r"\ ", " ")
