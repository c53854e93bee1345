"""The frame of a constrained output: what a model writes around an answer or a tool call, as a grammar.

A constraint is for the answer. A reasoning model may think first, harmony has headers, and a tool call stands
in its own marks; all of that comes from the output grammar, so the frame and the decoder cannot disagree.

Frames are Lark text in llguidance's dialect. They use the rule `answer`, and one rule for the arguments of
each tool, which the caller adds. `<[7]>` is the token with the id 7: delimiters that are tokens are matched
as ids, as the scanner does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.requests import GenerationRequest, NamedToolChoice, Tool
from mlxk.text.grammar import Grammar
from mlxk.text.model import TextModel
from mlxk.text.prompt import Prompt
from mlxk.text.tokenizer import Tokenizer

ANSWER = "answer"
_THOUGHT = r"THOUGHT: /(.|\n)*/"
_GAP = r"GAP: /[ \n\r\t]{0,4}/"
_HARMONY_CALL = "<|channel|>commentary to=functions.{} <|constrain|>json<|message|>"
# Marks in a chat template that say: the body of `<tool_call>` is not JSON here.
_OTHER_BODIES = ("<function=", "<arg_key>", "<parameter=", "<invoke")


@dataclass(frozen=True, slots=True)
class OutputFrame:
    """`lark` lacks the rule `answer`, if `has_answer`, and the rules of `arguments`: what each tool is given.

    `reasoning_end` is what a reasoning budget must end reasoning with, if not with its own text.
    """

    lark: str
    has_answer: bool
    arguments: Mapping[str, Tool]
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
    arguments = {f"arguments_{index}": tool for index, tool in enumerate(tools)}
    body = _Body(not must_call, arguments, _many(request))
    if request.prompt is not None:
        return OutputFrame("start: answer", True, {})
    if text.grammar.name == "harmony":
        return _harmony(text, prompt, body)
    if text.grammar.turn is not None:
        raise _unsupported("this model's message format", body)
    return _plain(text, prompt, request, body)


@dataclass(frozen=True, slots=True)
class _Body:
    """What stands behind the reasoning: an answer, calls, or either."""

    has_answer: bool
    arguments: Mapping[str, Tool]
    many: bool

    @property
    def param(self) -> str:
        return "response_format" if self.has_answer else "tool_choice"

    def rule(self) -> str:
        parts = [*(["final"] if self.has_answer else []), *(["calls"] if self.arguments else [])]
        return f"body: {' | '.join(parts)}"


def _callable(request: GenerationRequest) -> tuple[Tool, ...]:
    choice = request.tool_choice
    if choice == "none":
        return ()
    if not isinstance(choice, NamedToolChoice):
        if choice == "required" and not request.tools:
            raise RequestError("a tool call is required, and no tools are declared", param="tool_choice")
        return request.tools
    if named := tuple(tool for tool in request.tools if tool.name == choice.name):
        return named
    raise RequestError(f"tool_choice names {choice.name!r}, which is not declared", param="tool_choice")


def _many(request: GenerationRequest) -> bool:
    return request.parallel_tool_calls is not False and not isinstance(request.tool_choice, NamedToolChoice)


def _unsupported(what: str, body: _Body) -> UnsupportedParameter:
    hint = "send no tools, or tool_choice none" if body.has_answer else "use tool_choice auto"
    return UnsupportedParameter(f"{what} cannot be enforced yet", hint=hint, param=body.param)


def _harmony(text: TextModel, prompt: Prompt, body: _Body) -> OutputFrame:
    """Any analysis, then the final channel, or a call in the commentary channel."""
    kind = text.grammar.states[prompt.opened.state].kind
    if kind not in ("header", "reasoning") or prompt.opened.header.strip() not in ("", "assistant"):
        raise _unsupported("a prompt that begins the answer's message", body)
    tokens = text.tokenizer
    end = "<|end|><|start|>assistant"
    lines = [
        f"start: {'thought ' if kind == 'reasoning' else ''}analysis* body",
        f"analysis: {_terms('<|channel|>analysis<|message|>', tokens)} thought",
        f"thought: THOUGHT {_terms(end, tokens)}",
        _THOUGHT,
        body.rule(),
    ]
    if body.has_answer:
        lines.append(f"final: {_terms('<|channel|>final<|message|>', tokens)} answer")
    if body.arguments:
        calls = [
            f"{_terms(_HARMONY_CALL.format(tool.name), tokens)} {rule}"
            for rule, tool in body.arguments.items()
        ]
        lines.append(f"calls: {' | '.join(calls)}")
    return OutputFrame("\n".join(lines), body.has_answer, body.arguments, end)


def _plain(text: TextModel, prompt: Prompt, request: GenerationRequest, body: _Body) -> OutputFrame:
    """Perhaps a block of reasoning, then the answer, or calls in their marks."""
    lines = [*_reasoning(text, prompt, request), body.rule()]
    if body.has_answer:
        lines.append("final: answer")
    if body.arguments:
        lines += _tagged_calls(text, body)
    return OutputFrame("\n".join(lines), body.has_answer, body.arguments)


def _reasoning(text: TextModel, prompt: Prompt, request: GenerationRequest) -> list[str]:
    grammar, budget = text.grammar, text.reasoning_ends
    opened = grammar.states[prompt.opened.state].kind == "reasoning"
    if budget is None or not (opened or _may_think(text, request)):
        return ["start: body"]
    start, closing = budget
    end = _end_of_reasoning(grammar, closing)
    after = closing.lstrip().removeprefix(end)
    gap = _terms(after, text.tokenizer) if after.strip() else "GAP"
    end_terms = _terms(end, text.tokenizer)
    return [
        "start: thought body" if opened else f"start: body | {_terms(start, text.tokenizer)} thought body",
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


def _tagged_calls(text: TextModel, body: _Body) -> list[str]:
    """Calls as Hermes and Qwen write them: JSON with a name and arguments, between marks."""
    formats = (state.tool for state in text.grammar.states.values() if state.tool is not None)
    tagged = next((item for item in formats if item.name == "tool_call" and item.ends), None)
    if tagged is None or any(text.template_writes(mark) for mark in _OTHER_BODIES):
        raise _unsupported("this model's tool-call format", body)
    start, end = (_terms(mark, text.tokenizer) for mark in (tagged.start, tagged.ends[0]))
    calls = []
    for rule, tool in body.arguments.items():
        head = f'{{"name": {json.dumps(tool.name, ensure_ascii=False)}, "arguments": '
        calls.append(f'{_literal(head)} {rule} "}}"')
    newline = _literal("\n")
    return [
        f"calls: call ({newline} call)*" if body.many else "calls: call",
        f"call: {start} {newline} ({' | '.join(calls)}) {newline} {end}",
    ]


def _terms(text: str, tokenizer: Tokenizer) -> str:
    """Text as Lark terms: added tokens by id, the rest as literals."""
    names = sorted(tokenizer.added_ids, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, names))})" if names else r"((?!))", text)
    terms = (
        f"<[{tokenizer.added_ids[piece]}]>" if index % 2 else _literal(piece)
        for index, piece in enumerate(pieces)
        if piece
    )
    return " ".join(terms)


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _pattern(text: str) -> str:
    """Text as part of a regular expression between slashes."""
    return re.escape(text).replace("/", r"\/").replace(r"\ ", " ")
