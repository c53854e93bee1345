"""How models write tool calls, as a table: the other side of `table`, for calls that are required.

A grammar leaves a model no choice but what it was trained to write, so each row is to the letter what the
format's chat templates write, white space included. `{name}`, `{key}` and `{arguments}` are filled in; other
braces stand for themselves. A format without a row is read, and cannot be required.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Arguments written one by one: `before`, the value and `after`, with `between` between them.

    With `text`, strings stand as they are, between two `quote`s, with `before_text` before them where that
    differs; without it, and all other values, are JSON.
    """

    before: str
    after: str
    between: str = ""
    text: bool = True
    quote: str = ""
    before_text: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenCalls:
    """Calls in frames: `start`, calls with `between` between them, `end`; `again` between frames.

    Without `between` a frame has one call, without `again` there is one frame. `call` holds `{name}` and
    `{arguments}`, and may hold `{id}`, a number, or `{short_id}`, nine letters and digits. Arguments are a
    JSON object, or `parameters`.
    """

    call: str
    start: str = ""
    end: str = ""
    between: str | None = None
    again: str | None = None
    parameters: Parameters | None = None

    @property
    def many(self) -> bool:
        return self.between is not None or self.again is not None


_ARGUMENTS = '{"name": "{name}", "arguments": {arguments}}'
_PARAMETERS = '{"name": "{name}", "parameters": {arguments}}'
_PYTHON = Parameters("{key}=", "", ", ", text=False)
_INVOKE = Parameters('<parameter name="{key}">', "</parameter>\n")


def _listed(start: str, end: str = "", call: str = _ARGUMENTS) -> WrittenCalls:
    return WrittenCalls(call, f"{start}[", f"]{end}", between=", ")


def _functions(start: str, end: str, pad: str) -> WrittenCalls:
    """`<function=f>` with a parameter a tag; `pad` is what stands around values."""
    body = Parameters(f"<parameter={{key}}>{pad}", f"{pad}</parameter>\n")
    return WrittenCalls(
        "<function={name}>\n{arguments}</function>", f"{start}\n", f"\n{end}", again="\n", parameters=body
    )


def _invokes(start: str, end: str) -> WrittenCalls:
    call = '<invoke name="{name}">\n{arguments}</invoke>\n'
    return WrittenCalls(call, f"{start}\n", end, between="", parameters=_INVOKE)


def _keyed(start: str, end: str, gap: str, prefix: str = "") -> WrittenCalls:
    """GLM's keys and values; `gap` is the white space between tags."""
    key, value = f"{prefix}arg_key", f"{prefix}arg_value"
    body = Parameters(f"<{key}>{{key}}</{key}>{gap}<{value}>", f"</{value}>{gap}")
    return WrittenCalls(f"{{name}}{gap}{{arguments}}", start, end, again=gap, parameters=body)


def _dsml(name: str) -> WrittenCalls:
    tag = "｜DSML｜"
    lead = f'<{tag}parameter name="{{key}}" string='
    body = Parameters(f'{lead}"false">', f"</{tag}parameter>\n", before_text=f'{lead}"true">')
    call = f'<{tag}invoke name="{{name}}">\n{{arguments}}</{tag}invoke>\n'
    return WrittenCalls(call, f"<{tag}{name}>\n", f"</{tag}{name}>", between="", parameters=body)


def _deepseek(call: str) -> WrittenCalls:
    return WrittenCalls(
        f"<｜tool▁call▁begin｜>{call}<｜tool▁call▁end｜>",
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁end｜>",
        between="",
    )


def _gemma(start: str, end: str, quote: str) -> WrittenCalls:
    body = Parameters("{key}:", "", ",", quote=quote)
    return WrittenCalls("call:{name}{{arguments}}", start, end, again="", parameters=body)


_PLAMO = "<|plamo:{}:plamo|>".format
_HERMES = WrittenCalls(_ARGUMENTS, "<tool_call>\n", "\n</tool_call>", again="\n")

# Of a format's rows, the first whose marks stand in the chat template holds; one without marks, always.
Rows = tuple[tuple[tuple[str, ...], WrittenCalls | None], ...]
WRITTEN: Mapping[str, Rows] = {
    "tool_call": (
        (("<arg_key>", "</arg_key>\n<arg_value>"), _keyed("<tool_call>", "</tool_call>", "\n")),
        (("<arg_key>",), _keyed("<tool_call>", "</tool_call>", "")),
        (("<function=", "<parameter="), _functions("<tool_call>", "</tool_call>", "\n")),
        (("<invoke",), None),
        (("<function=",), None),
        ((), _HERMES),
    ),
    "json": (((), WrittenCalls(_ARGUMENTS)),),
    "mistral": (
        (("[CALL_ID]",), WrittenCalls("[TOOL_CALLS]{name}[CALL_ID]{short_id}[ARGS]{arguments}", again="")),
        (("[ARGS]",), WrittenCalls("[TOOL_CALLS]{name}[ARGS]{arguments}", again="")),
        ((), _listed("[TOOL_CALLS]")),
    ),
    # Llama 3 calls one tool at a time, and marks only code with `<|python_tag|>`.
    "python_tag": (((), WrittenCalls(_PARAMETERS)),),
    "pythonic": (
        (
            (),
            WrittenCalls(
                "{name}({arguments})", "<|tool_call_start|>[", "]<|tool_call_end|>", ", ", None, _PYTHON
            ),
        ),
    ),
    "python_list": (((), WrittenCalls("{name}({arguments})", "[", "]", ", ", None, _PYTHON)),),
    "olmo": (
        (
            (),
            WrittenCalls(
                "{name}({arguments})", "<function_calls>\n", "\n</function_calls>", "\n", None, _PYTHON
            ),
        ),
    ),
    "deepseek": (
        (("```json",), _deepseek("function<｜tool▁sep｜>{name}\n```json\n{arguments}\n```")),
        ((), _deepseek("{name}<｜tool▁sep｜>{arguments}")),
    ),
    "dsml": ((("｜DSML｜tool_calls",), _dsml("tool_calls")), ((), _dsml("function_calls"))),
    "kimi": (
        (
            (),
            WrittenCalls(
                "<|tool_call_begin|>functions.{name}:{id}<|tool_call_argument_begin|>{arguments}<|tool_call_end|>",
                "<|tool_calls_section_begin|>",
                "<|tool_calls_section_end|>",
                between="",
            ),
        ),
    ),
    "minimax": (((), _invokes("<minimax:tool_call>", "</minimax:tool_call>")),),
    "dots": (((), _invokes("<dots_function_call>", "</dots_function_call>")),),
    "seed": (((), _functions("<seed:tool_call>", "</seed:tool_call>", "")),),
    "longcat": (((), _keyed("<longcat_tool_call>", "</longcat_tool_call>", "\n", "longcat_")),),
    "gemma4": (((), _gemma("<|tool_call>", "<tool_call|>", '<|"|>')),),
    "gemma": (((), _gemma("<start_function_call>", "<end_function_call>", "<escape>")),),
    "granite": (((), _listed("<|tool_call|>")),),
    "granite_code": (((), WrittenCalls(_ARGUMENTS, "<function_call> ")),),
    "cohere": (
        (
            (),
            _listed(
                "<|START_ACTION|>",
                "<|END_ACTION|>",
                '{"tool_call_id": "{id}", "tool_name": "{name}", "parameters": {arguments}}',
            ),
        ),
    ),
    "command_r": (
        ((), _listed("Action: ```json\n", "```\n", '{"tool_name": "{name}", "parameters": {arguments}}')),
    ),
    "nemotron": (((), _listed("<TOOLCALL>", "</TOOLCALL>")),),
    "apertus": (((), _listed("<|tools_prefix|>", "<|tools_suffix|>", '{"{name}": {arguments}}')),),
    "internlm": (((), WrittenCalls(_PARAMETERS, "<|action_start|><|plugin|>\n", "<|action_end|>\n")),),
    "functools": (((), _listed("functools")),),
    "function": (((), WrittenCalls("<function={name}>{arguments}</function>", again="\n")),),
    "tool_calls": (((), _listed("<tool_calls>", "</tool_calls>")),),
    "pangu": (((), _listed("[unused11]", "[unused12]")),),
    "gigachat": (
        (("<|function_call|>",), WrittenCalls(_ARGUMENTS, "<|function_call|>")),
        (("function call", "<|role_sep|>"), WrittenCalls(_ARGUMENTS, "function call<|role_sep|>\n")),
    ),
    "plamo": (
        (
            (),
            WrittenCalls(
                f"{_PLAMO('begin_tool_request')}{_PLAMO('begin_tool_name')}{{name}}{_PLAMO('end_tool_name')}"
                f"{_PLAMO('begin_tool_arguments')}<|plamo:msg|>{{arguments}}{_PLAMO('end_tool_arguments')}"
                f"{_PLAMO('end_tool_request')}",
                _PLAMO("begin_tool_requests"),
                _PLAMO("end_tool_requests"),
                between="",
            ),
        ),
    ),
    "harmony": (
        (
            (),
            WrittenCalls("<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{arguments}"),
        ),
    ),
}


def written(name: str, in_template: Callable[[str], bool]) -> WrittenCalls | None:
    """How the format of this name is written by a model whose template is asked; `None` if not known."""
    for marks, calls in WRITTEN.get(name, ()):
        if all(in_template(mark) for mark in marks):
            return calls
    return None
