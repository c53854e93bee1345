"""Every tool-call format known, as a table; and which of them a model speaks.

A format is chosen by what the chat template and the vocabulary contain, never by a model's name: the first
row whose marks are all there is the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from mlxk.text.tools.format import CallItem, CallReader, ReaderContext, ToolFormat
from mlxk.text.tools.headed import HeadedCalls, OnlyArguments
from mlxk.text.tools.json_calls import JsonCalls
from mlxk.text.tools.tagged import DSML, FUNCTION, INVOKE, TaggedCalls, keyed
from mlxk.text.tools.whole import WholeCalls, delegated, fenced, python_lines, python_list

MakeReader = Callable[[ReaderContext], CallReader]


class ByFirst:
    """Lets the first character of a body that is no white space choose its reader."""

    def __init__(self, context: ReaderContext, readers: Mapping[str, MakeReader], other: MakeReader) -> None:
        self._context = context
        self._readers = readers
        self._other = other
        self._reader: CallReader | None = None
        self._space = ""

    @property
    def hopeless(self) -> bool:
        return self._reader is not None and self._reader.hopeless

    def feed(self, text: str) -> list[CallItem]:
        if self._reader is not None:
            return self._reader.feed(text)
        self._space += text
        begun = self._space.lstrip()
        if not begun:
            return []
        self._reader = self._readers.get(begun[0], self._other)(self._context)
        return self._reader.feed(self._space)

    def finish(self, complete: bool) -> list[CallItem]:
        return [] if self._reader is None else self._reader.finish(complete)


_MISTRAL = r"(?P<name>[A-Za-z_][\w.-]*)\s*(?:\[CALL_ID\]\s*(?P<id>[\w-]+)\s*)?(?:\[ARGS\]\s*)?(?=\{)"
_DEEPSEEK = (
    r"<｜tool▁call▁begin｜>\s*(?:function\s*<｜tool▁sep｜>\s*)?(?P<name>[^\s<]+?)\s*"
    r"(?:<｜tool▁sep｜>|\n)\s*(?:```json\s*)?(?=[{\[])"
)
_KIMI = (
    r"(?:<\|tool_call_begin\|>)?\s*(?P<id>(?:functions\.)?(?P<name>[^\s:<]+):\d+)\s*"
    r"<\|tool_call_argument_begin\|>\s*(?=\{)"
)
_KIMI_ENDS = ("<|tool_call_end|>", "<|tool_call_begin|>", "<|tool_calls_section_end|>")
_FUNCTION = r"<function=(?P<name>[^>\s]+)>\s*(?=\{)"

_json: MakeReader = JsonCalls
_xml: MakeReader = partial(TaggedCalls, dialect=FUNCTION)
_invoke: MakeReader = partial(TaggedCalls, dialect=INVOKE)
_longcat: MakeReader = partial(TaggedCalls, dialect=keyed("longcat_"))
_dsml: MakeReader = partial(TaggedCalls, dialect=DSML)
_tagged: MakeReader = partial(
    ByFirst, readers={"{": _json, "[": _json, "<": _xml}, other=partial(TaggedCalls, dialect=keyed(""))
)
_mistral: MakeReader = partial(
    ByFirst, readers={"{": _json, "[": _json}, other=partial(HeadedCalls, header=_MISTRAL)
)
_fenced: MakeReader = partial(WholeCalls, parse=fenced)
_function: MakeReader = partial(HeadedCalls, header=_FUNCTION, noise="</function>")


def _mlx(module: str) -> MakeReader:
    return partial(WholeCalls, parse=delegated(module))


HARMONY = ToolFormat("harmony", OnlyArguments)


@dataclass(frozen=True, slots=True)
class Row:
    """All of `template` stand in the chat template, and all of `vocabulary` are tokens."""

    formats: tuple[ToolFormat, ...]
    template: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


def _framed(name: str, reader: MakeReader, start: str, *ends: str, inner: bool = True) -> ToolFormat:
    return ToolFormat(name, reader, start, ends, whole=not inner)


_BARE_FUNCTION = ToolFormat(
    "qwen3_coder", _xml, "<function=", ("</function>",), whole=True, strays=("</tool_call>",)
)
_TAGGED = _framed("tool_call", _tagged, "<tool_call>", "</tool_call>")
_PYTHONIC = _framed(
    "pythonic", partial(WholeCalls, parse=python_list), "<|tool_call_start|>", "<|tool_call_end|>"
)
_CALL_LIST = _framed("tool_calls", _json, "<tool_calls>", "</tool_calls>")
_BARE_JSON = ToolFormat("json", partial(JsonCalls, declared_only=True), opener="{")
_BARE_PYTHONIC = ToolFormat(
    "python_list",
    partial(WholeCalls, parse=delegated("pythonic"), opener=r"\[\s*(?:[\w.]+\s*(?:\(|$)|$)", declared=True),
    opener="[",
)
_DSML = tuple(
    _framed("dsml", _dsml, f"<｜DSML｜{name}>", f"</｜DSML｜{name}>")
    for name in ("tool_calls", "function_calls")
)
_K3 = ("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>")

# For templates that show tools and say nothing of how to call them; without declared tools it has no effect.
_GENERIC = (_TAGGED, _BARE_JSON)

TABLE: tuple[Row, ...] = (
    Row(_DSML, template=("｜DSML｜",)),
    Row(_DSML, vocabulary=("｜DSML｜",)),
    Row(
        (_framed("minimax", _invoke, "<minimax:tool_call>", "</minimax:tool_call>"),),
        template=("<minimax:tool_call>",),
    ),
    Row(
        (_framed("gemma4", _mlx("gemma4"), "<|tool_call>", "<tool_call|>"),),
        template=("<|tool_call>", "<tool_call|>"),
    ),
    Row(
        (_framed("gemma", _mlx("function_gemma"), "<start_function_call>", "<end_function_call>"),),
        template=("<start_function_call>",),
    ),
    Row(
        (
            _framed(
                "longcat",
                partial(TaggedCalls, dialect=keyed("longcat_")),
                "<longcat_tool_call>",
                "</longcat_tool_call>",
            ),
        ),
        template=("<longcat_tool_call>",),
    ),
    Row(
        (_framed("seed", _xml, "<seed:tool_call>", "</seed:tool_call>"),),
        template=("<seed:tool_call>",),
    ),
    Row(
        (
            _framed(
                "deepseek",
                partial(HeadedCalls, header=_DEEPSEEK, noise="```|<｜tool▁call▁end｜>"),
                "<｜tool▁calls▁begin｜>",
                "<｜tool▁calls▁end｜>",
            ),
        ),
        template=("<｜tool▁calls▁begin｜>",),
    ),
    Row(
        (
            _framed(
                "kimi",
                partial(HeadedCalls, header=_KIMI, noise=r"<\|tool_call_end\|>"),
                "<|tool_calls_section_begin|>",
                "<|tool_calls_section_end|>",
            ),
            # K2 Thinking leaves the section's frame out at times.
            _framed("kimi", partial(HeadedCalls, header=_KIMI), "<|tool_call_begin|>", *_KIMI_ENDS),
        ),
        template=("<|tool_calls_section_begin|>",),
    ),
    Row(
        (_framed("minicpm5", _mlx("minicpm5"), "<function name=", "</function>", inner=False),),
        template=('<function name="', '<param name="'),
    ),
    Row(
        (ToolFormat("mistral", _mistral, "[TOOL_CALLS]", ("[TOOL_CALLS]",), ids="short"),),
        template=("[TOOL_CALLS]",),
    ),
    Row(
        (_framed("muse", _mlx("muse_spark"), "<atem:function_calls>", "</atem:function_calls>"),),
        template=("<atem:function_calls>",),
    ),
    Row((_PYTHONIC,), template=("<|tool_call_start|>",)),
    Row((_PYTHONIC,), template=("<|tool_list_start|>",)),
    Row(
        (_framed("cohere", _json, "<|START_ACTION|>", "<|END_ACTION|>"),),
        template=("<|START_ACTION|>",),
    ),
    Row(
        (_framed("granite", _json, "<|tool_call|>", "<|/tool_call|>"),),
        template=("<|tool_call|>",),
    ),
    Row(
        (_framed("gigachat", _json, "<|function_call|>", "<|message_sep|>"),),
        template=("<|function_call|>",),
    ),
    Row(
        (_framed("gigachat", _json, "function call<|role_sep|>", "<|message_sep|>"),),
        template=("function call", "<|role_sep|>"),
    ),
    Row((_framed("nemotron", _json, "<TOOLCALL>", "</TOOLCALL>"),), template=("<TOOLCALL>",)),
    Row(
        (_framed("apertus", _json, "<|tools_prefix|>", "<|tools_suffix|>"),),
        template=("<|tools_prefix|>",),
    ),
    Row(
        (_framed("internlm", _json, "<|action_start|><|plugin|>", "<|action_end|>"),),
        template=("<|action_start|>", "<|plugin|>"),
    ),
    Row(
        (_framed("olmo", partial(WholeCalls, parse=python_lines), "<function_calls>", "</function_calls>"),),
        template=("<function_calls>",),
    ),
    # Apriel's template speaks of both, and writes the plural.
    Row((_CALL_LIST, _TAGGED), template=("<tool_calls>[",)),
    Row((_TAGGED, _BARE_FUNCTION), template=("<tool_call>", "<function=")),
    Row((_TAGGED,), template=("<tool_call>",)),
    Row((_CALL_LIST,), template=("<tool_calls>",)),
    Row(
        (_framed("command_r", _fenced, "Action:", "```\n"),),
        template=("Action:", "```json", "tool_name"),
    ),
    Row((_framed("functools", _json, "functools"),), template=("functools[",)),
    Row(
        (_framed("function", _function, "<function=", "</function>", inner=False),),
        template=("<function=", "</function>"),
    ),
    Row((_framed("python_tag", _json, "<|python_tag|>"), _BARE_JSON), template=("<|python_tag|>",)),
    Row(
        (_framed("python_tag", _json, "<|python_tag|>"), _BARE_JSON),
        template=('"parameters": dictionary of argument name',),
    ),
    Row((_BARE_PYTHONIC,), template=("[func_name1(",)),
    Row(
        (_framed("kimi_k3", _mlx("kimi_k3"), "<|open|>tools<|sep|>", "<|close|>tools<|sep|>"),),
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
    return _GENERIC


def named(name: str) -> tuple[ToolFormat, ...]:
    """The formats of the first row that begins with this one; `none` for no calls at all."""
    if name == "none":
        return ()
    if name == _BARE_JSON.name:
        return (_BARE_JSON,)
    return next(row.formats for row in TABLE if row.formats[0].name == name)


def marked(start: str, end: str) -> ToolFormat:
    """Calls between two markers, in JSON, as `<function=…>` or with `<arg_key>`s."""
    return _framed("markers", _tagged, start, end)
