"""Every tool-call format known, as a table; and which of them a model speaks.

A format is chosen by what the chat template and the vocabulary contain, never by a model's name: the first
row whose marks are all there is the model's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mlxk.text.tools import dialects, readers
from mlxk.text.tools.format import ToolFormat
from mlxk.text.tools.nested import MARK
from mlxk.text.tools.readers import MakeReader, tagged


@dataclass(frozen=True, slots=True)
class Row:
    """All of `template` stand in the chat template, and all of `vocabulary` are tokens."""

    formats: tuple[ToolFormat, ...]
    template: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


def _framed(
    name: str, reader: MakeReader, start: str, *ends: str, inner: bool = True, strays: tuple[str, ...] = ()
) -> ToolFormat:
    return ToolFormat(name, reader, start, ends, whole=not inner, strays=strays)


def _row(name: str, reader: MakeReader, start: str, *ends: str, marks: tuple[str, ...] = ()) -> Row:
    """A format that shows itself by its start, or by `marks`, in the template."""
    return Row((_framed(name, reader, start, *ends),), template=marks or (start,))


_BARE_FUNCTION = _framed(
    "qwen3_coder", readers.xml, "<function=", "</function>", inner=False, strays=("</tool_call>",)
)
_TAGGED = _framed("tool_call", readers.any_tagged, "<tool_call>", "</tool_call>")
_PYTHONIC = _framed("pythonic", readers.python_or_json, "<|tool_call_start|>", "<|tool_call_end|>")
_CALL_LIST = _framed("tool_calls", readers.json_calls, "<tool_calls>", "</tool_calls>")
_BARE_JSON = ToolFormat("json", readers.declared_json, opener="{")
_BARE_LIST = ToolFormat("json_list", readers.declared_json, opener="[")
_FENCED_JSON = ToolFormat("json_fenced", readers.declared_json, opener="`")
_BARE_PYTHONIC = ToolFormat("python_list", readers.declared_python, opener="[")
# Llama 4's, of which its template says nothing.
_PYTHON_FRAME = _framed("python_frame", readers.python_or_json, "<|python_start|>", "<|python_end|>")
_PYTHON_TAG = _framed("python_tag", readers.json_calls, "<|python_tag|>")
_DSML = tuple(
    _framed("dsml", tagged(dialects.DSML), f"<｜DSML｜{name}>", f"</｜DSML｜{name}>")
    for name in ("tool_calls", "function_calls")
)
_DEEPSEEK = (
    _framed("deepseek", readers.deepseek, "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
    # Long dialogues lose the frame at times.
    _framed("deepseek", readers.deepseek, "<｜tool▁call▁begin｜>", "<｜tool▁calls▁end｜>"),
)
_KIMI_ENDS = ("<|tool_call_end|>", "<|tool_call_begin|>", "<|tool_calls_section_end|>")
_KIMI = (
    _framed("kimi", readers.kimi, "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    # K2 Thinking leaves the section's frame out at times.
    _framed("kimi", readers.kimi, "<|tool_call_begin|>", *_KIMI_ENDS),
)
_HUNYUAN = tuple(
    _framed(
        "hunyuan",
        tagged(dialects.keyed(suffix=suffix)),
        f"<tool_call{suffix}>",
        f"</tool_call{suffix}>",
        strays=(f"<tool_calls{suffix}>", f"</tool_calls{suffix}>"),
    )
    for suffix in (":opensource", "")
)
_K3 = ("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>")

# For templates that show tools and say nothing of how to call them; without declared tools it has no effect.
GENERIC = (_TAGGED, _BARE_JSON, _BARE_LIST, _FENCED_JSON)

TABLE: tuple[Row, ...] = (
    Row(_DSML, template=("｜DSML｜",)),
    Row(_DSML, vocabulary=("｜DSML｜",)),
    _row("minimax", tagged(dialects.INVOKE), "<minimax:tool_call>", "</minimax:tool_call>"),
    _row("minimax_m3", readers.nested, f"{MARK}<tool_call>", f"{MARK}</tool_call>", marks=(MARK,)),
    _row("gemma4", readers.gemma, "<|tool_call>", "<tool_call|>", marks=("<|tool_call>", "<tool_call|>")),
    _row("gemma", readers.function_gemma, "<start_function_call>", "<end_function_call>"),
    _row("longcat", tagged(dialects.keyed("longcat_")), "<longcat_tool_call>", "</longcat_tool_call>"),
    _row("seed", readers.xml, "<seed:tool_call>", "</seed:tool_call>"),
    _row("dots", tagged(dialects.INVOKE), "<dots_function_call>", "</dots_function_call>"),
    Row(
        (
            _framed(
                "k2_horizon",
                tagged(dialects.keyed("ifm|")),
                "<ifm|tool_call>",
                "</ifm|tool_call>",
                strays=("<ifm|tool_calls>", "</ifm|tool_calls>"),
            ),
        ),
        template=("<ifm|tool_call>",),
    ),
    Row(_HUNYUAN[:1], template=("<tool_call:opensource>",)),
    Row(_HUNYUAN[1:], template=("<tool_calls>", "<tool_sep>")),
    Row(_DEEPSEEK, template=("<｜tool▁calls▁begin｜>",)),
    _row("step3", tagged(dialects.STEPTML), "<｜tool_calls_begin｜>", "<｜tool_calls_end｜>"),
    Row(_KIMI, template=("<|tool_calls_section_begin|>",)),
    Row(
        (_framed("minicpm5", tagged(dialects.PARAM), "<function name=", "</function>", inner=False),),
        template=('<function name="', '<param name="'),
    ),
    Row(
        (ToolFormat("mistral", readers.mistral, "[TOOL_CALLS]", ("[TOOL_CALLS]",), ids="short"),),
        template=("[TOOL_CALLS]",),
    ),
    _row("muse", tagged(dialects.ATEM), "<atem:function_calls>", "</atem:function_calls>"),
    Row((_PYTHONIC,), template=("<|tool_call_start|>",)),
    Row((_PYTHONIC,), template=("<|tool_list_start|>",)),
    _row("cohere", readers.json_calls, "<|START_ACTION|>", "<|END_ACTION|>"),
    Row(
        # Granite 3.0 wrote its calls in the older frame, and later ones do so at times.
        (_framed("granite", readers.json_calls, "<|tool_call|>", "<|/tool_call|>"), _TAGGED),
        template=("<|tool_call|>",),
    ),
    _row("granite_code", readers.json_calls, "<function_call>", "<function_call>", "</function_call>"),
    _row("gigachat", readers.json_calls, "<|function_call|>", "<|message_sep|>"),
    _row(
        "gigachat",
        readers.json_calls,
        "function call<|role_sep|>",
        "<|message_sep|>",
        marks=("function call", "<|role_sep|>"),
    ),
    _row("nemotron", readers.json_calls, "<TOOLCALL>", "</TOOLCALL>"),
    _row("apertus", readers.named_json, "<|tools_prefix|>", "<|tools_suffix|>"),
    _row(
        "internlm",
        readers.json_calls,
        "<|action_start|><|plugin|>",
        "<|action_end|>",
        marks=("<|action_start|>", "<|plugin|>"),
    ),
    _row("plamo", readers.plamo, "<|plamo:begin_tool_requests:plamo|>", "<|plamo:end_tool_requests:plamo|>"),
    _row("pangu", readers.json_calls, "[unused11]", "[unused12]", marks=("[unused11]", "[unused12]")),
    _row("olmo", readers.python_calls, "<function_calls>", "</function_calls>"),
    _row("mcp", readers.mcp, "<use_mcp_tool>", "</use_mcp_tool>"),
    # Apriel's template speaks of both, and writes the plural.
    Row((_CALL_LIST, _TAGGED), template=("<tool_calls>[",)),
    Row((_TAGGED, _BARE_FUNCTION), template=("<tool_call>", "<function=")),
    Row((_TAGGED,), template=("<tool_call>",)),
    Row((_CALL_LIST,), template=("<tool_calls>",)),
    _row("command_r", readers.json_calls, "Action:", "```\n", marks=("Action:", "```json", "tool_name")),
    _row("functools", readers.json_calls, "functools", marks=("functools[",)),
    Row(
        (_framed("function", readers.function, "<function=", "</function>", inner=False),),
        template=("<function=", "</function>"),
    ),
    Row((_PYTHON_TAG, _BARE_JSON), template=("<|python_tag|>",)),
    Row((_PYTHON_TAG, _BARE_JSON), template=('"parameters": dictionary of argument name',)),
    Row((_BARE_PYTHONIC, _PYTHON_FRAME), template=("[func_name1(",)),
    Row(
        (_framed("kimi_k3", tagged(dialects.XTML), "<|open|>tools<|sep|>", "<|close|>tools<|sep|>"),),
        vocabulary=_K3,
    ),
    Row((_PYTHONIC,), vocabulary=("<|tool_call_start|>", "<|tool_call_end|>")),
    Row((_TAGGED,), vocabulary=("<tool_call>", "</tool_call>")),
)


def formats_of(template: str, vocabulary: Collection[str]) -> tuple[ToolFormat, ...]:
    """The tool-call formats of a model with this chat template (all its text) and these added tokens."""
    for row in TABLE:
        if all(mark in template for mark in row.template) and all(m in vocabulary for m in row.vocabulary):
            return row.formats
    return GENERIC


def named(name: str) -> tuple[ToolFormat, ...]:
    """The formats of the first row that begins with this one; `none` for no calls at all."""
    if name == "none":
        return ()
    if name == _BARE_JSON.name:
        return (_BARE_JSON,)
    return next(row.formats for row in TABLE if row.formats[0].name == name)


def marked(start: str, end: str) -> ToolFormat:
    """Calls between two markers, in JSON, as `<function=…>` or with `<arg_key>`s."""
    return _framed("markers", readers.any_tagged, start, end)
