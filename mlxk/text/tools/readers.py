"""The readers of tool-call bodies, each ready to be made for one body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from mlxk.text.tools import dialects
from mlxk.text.tools.format import CallItem, CallReader, NoCall, ReaderContext
from mlxk.text.tools.headed import HeadedCalls
from mlxk.text.tools.json_calls import JsonCalls
from mlxk.text.tools.loose import LooseCalls
from mlxk.text.tools.nested import NestedCalls
from mlxk.text.tools.python_calls import PythonCalls
from mlxk.text.tools.tagged import TaggedCalls

MakeReader = Callable[[ReaderContext], CallReader]


json_calls: MakeReader = JsonCalls


class ByFirst:
    """Lets the first character of a body that is neither white space nor in `skip` choose its reader."""

    def __init__(
        self, context: ReaderContext, readers: Mapping[str, MakeReader], other: MakeReader, *, skip: str = ""
    ) -> None:
        self._context = context
        self._readers = readers
        self._other = other
        self._skip = skip + " \t\r\n"
        self._reader: CallReader | None = None
        self._space = ""

    @property
    def hopeless(self) -> bool:
        return self._reader is not None and self._reader.hopeless

    def feed(self, text: str) -> list[CallItem]:
        if self._reader is not None:
            return self._reader.feed(text)
        self._space += text
        begun = self._space.lstrip(self._skip)
        if not begun:
            return []
        self._reader = self._readers.get(begun[0], self._other)(self._context)
        return self._reader.feed(self._space)

    def finish(self, complete: bool) -> list[CallItem]:
        if self._reader is not None:
            return self._reader.finish(complete)
        return [NoCall(self._space, "the tool call is empty")] if self._space.strip() else []


def headed(header: str, noise: str = "") -> MakeReader:
    return partial(HeadedCalls, header=header, noise=noise)


def tagged(dialect: dialects.Dialect) -> MakeReader:
    """Calls between tags; models that were shown other formats write JSON in the same frame."""
    own: MakeReader = partial(TaggedCalls, dialect=dialect)
    return partial(ByFirst, readers={"{": json_calls, "[": json_calls}, other=own)


_MISTRAL = headed(r"(?P<name>[A-Za-z_][\w.-]*)\s*(?:\[CALL_ID\]\s*(?P<id>[\w-]+)\s*)?(?:\[ARGS\]\s*)?(?=\{)")
_PLAMO = "<\\|plamo:{}:plamo\\|>"

named_json: MakeReader = partial(JsonCalls, by_name=True)
declared_json: MakeReader = partial(JsonCalls, declared_only=True)
python_calls: MakeReader = PythonCalls
declared_python: MakeReader = partial(PythonCalls, declared_only=True)
nested: MakeReader = NestedCalls
gemma: MakeReader = partial(LooseCalls, mark='<|"|>')
function_gemma: MakeReader = partial(LooseCalls, mark="<escape>")
xml = tagged(dialects.FUNCTION)
# LFM models are shown both.
python_or_json: MakeReader = partial(ByFirst, readers={"{": json_calls}, other=python_calls, skip="[")
# Of `<tool_call>`: Hermes' JSON, Qwen's functions, GLM's keys.
any_tagged: MakeReader = partial(ByFirst, readers={"<": xml}, other=tagged(dialects.keyed()))
mistral: MakeReader = partial(ByFirst, readers={"{": json_calls, "[": json_calls}, other=_MISTRAL)
function = headed(r"<function=(?P<name>[^>\s]+)>\s*(?=\{)", "</function>")
deepseek = headed(
    r"(?:<｜tool▁call▁begin｜>)?\s*(?:function\s*<｜tool▁sep｜>\s*)?(?P<name>[^\s<]+?)\s*"
    r"(?:<｜tool▁sep｜>|\n)\s*(?:```json\s*)?(?=[{\[])",
    "```|<｜tool▁call▁end｜>",
)
kimi = headed(
    r"(?:<\|tool_call_begin\|>)?\s*(?P<id>(?:functions\.)?(?P<name>[^\s:<]+):\d+)\s*"
    r"<\|tool_call_argument_begin\|>\s*(?=\{)",
    r"<\|tool_call_end\|>",
)
plamo = headed(
    r"{}\s*(?P<name>[^\s<]+)\s*{}\s*{}(?:<\|plamo:constrain\|>json)?(?:<\|plamo:msg\|>)?\s*(?=\{{)".format(
        *map(_PLAMO.format, ("begin_tool_name", "end_tool_name", "begin_tool_arguments"))
    ),
    "|".join(map(_PLAMO.format, ("begin_tool_request", "end_tool_request", "end_tool_arguments"))),
)
solar = headed(
    r"<\|tool_call:begin\|>(?P<id>[^\s<]*)<\|tool_call:name\|>\s*(?P<name>[^\s<]+)\s*<\|tool_call:args\|>\s*(?=\{)",
    r"<\|tool_call:end\|>",
)
# MiroThinker's: a tool of an MCP server.
mcp = headed(
    r"(?:<server_name>.*?</server_name>\s*)?<tool_name>\s*(?P<name>[^<]+?)\s*</tool_name>\s*<arguments>\s*(?=\{)",
    "</arguments>",
)
functionary = headed(r"(?P<name>[\w.-]+)[ \t]*\n\s*(?=\{)")
