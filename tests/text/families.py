"""Outputs of model families, as they write them, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlxk.requests import GenerationRequest, Tool
from tests.text.folders import ADD, CHATML, HELLO, WEATHER

Blocks = list[tuple[str, str | None, str]]
TOOLS = "{%- if tools %}{{- tools | tojson }}{%- endif %}"


@dataclass(frozen=True)
class Family:
    """How a family's models are recognised, and one of their outputs."""

    name: str
    output: str
    blocks: Blocks
    template: str = CHATML
    special: tuple[str, ...] = ("<|im_start|>", "<|im_end|>")
    added: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    warned: bool = False
    profile: dict[str, object] = field(default_factory=dict)

    @property
    def request(self) -> GenerationRequest:
        return GenerationRequest(messages=HELLO, tools=self.tools)


def text(value: str) -> tuple[str, None, str]:
    return ("text", None, value)


def thought(value: str) -> tuple[str, None, str]:
    return ("reasoning", None, value)


def call(name: str, arguments: str) -> tuple[str, str, str]:
    return ("tool_call", name, arguments)


PARIS = call("get_weather", '{"city": "Paris"}')
SUM = call("add", '{"a": 1, "b": 2}')
BOTH = (WEATHER, ADD)
THINK = CHATML + "{#- -#}{%- if false %}<think></think>{%- endif %}" + TOOLS[:0]
QWEN = "{%- if tools %}<tool_call>{{ tools | tojson }}</tool_call>{%- endif %}" + THINK
QWEN_TOKENS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
HARMONY_TOKENS = (
    "<|start|>",
    "<|channel|>",
    "<|message|>",
    "<|constrain|>",
    "<|end|>",
    "<|call|>",
    "<|return|>",
)
HARMONY = """\
{%- if tools %}{{- '<|start|>developer<|message|>' + tools | tojson + '<|end|>' }}{%- endif %}
{%- for message in messages %}
{{- '<|start|>' + message.role + '<|message|>' + message.content + '<|end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}
{%- if false %}<|channel|>{%- endif %}"""


def _harmony(name: str, output: str, blocks: Blocks, **more: object) -> Family:
    return Family(f"harmony {name}", output, blocks, HARMONY, HARMONY_TOKENS, **more)  # type: ignore[arg-type]


def _tools(name: str, mark: str, output: str, blocks: Blocks, **more: object) -> Family:
    template = "{%- if tools %}" + mark + "{{ tools | tojson }}{%- endif %}" + CHATML
    return Family(name, output, blocks, template, tools=BOTH, **more)  # type: ignore[arg-type]


ANALYSIS = "<|channel|>analysis<|message|>hm<|end|>"
FINAL = "<|start|>assistant<|channel|>final<|message|>Hello<|return|>"
MARKERS = {
    "reasoning": {
        "markers": [
            {"start": "<|channel|>analysis<|message|>", "end": "<|end|>", "as": "reasoning"},
            {"start": "<|channel|>final<|message|>", "end": "<|return|>", "as": "text"},
        ]
    }
}

HARMONY_FAMILIES = (
    _harmony("usual", ANALYSIS + FINAL, [thought("hm"), text("Hello")]),
    _harmony("final only", "<|channel|>final<|message|>Hello<|return|>", [text("Hello")]),
    _harmony("no final", ANALYSIS, [thought("hm")]),
    _harmony("no channel", "<|message|>Hello<|return|>", [text("Hello")]),
    _harmony("no header", "Hello there<|return|>", [text("Hello there")]),
    _harmony("text that begins as a header", "to be or not<|return|>", [text("to be or not")]),
    _harmony("no channel token", "analysis<|message|>hm<|end|>" + FINAL, [thought("hm"), text("Hello")]),
    _harmony("answers of header words", "final<|return|>", [text("final")]),
    _harmony("answers that begin with a header word", "final answer: 4<|return|>", [text("final answer: 4")]),
    _harmony("a content type", "to=functions.add code<|message|>{}<|call|>", [call("add", "{}")], tools=BOTH),
    _harmony("cut in the header", ANALYSIS + "<|start|>assistant<|channel|>fin", [thought("hm")]),
    _harmony("cut in the role", ANALYSIS + "<|start|>assist", [thought("hm"), text("assist")]),
    _harmony("no end", "<|channel|>analysis<|message|>hm" + FINAL, [thought("hm"), text("Hello")]),
    _harmony(
        "channel in the middle",
        "<|channel|>analysis<|message|>hm<|channel|>final<|message|>Hello<|return|>",
        [thought("hm"), text("Hello")],
    ),
    _harmony(
        "start left out",
        ANALYSIS + "assistant<|channel|>final<|message|>Hello<|return|>",
        [thought("hm"), text("Hello")],
    ),
    _harmony(
        "recipient after the channel",
        ANALYSIS + "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
        '<|message|>{"city": "Paris"}<|call|>',
        [thought("hm"), PARIS],
        tools=BOTH,
    ),
    _harmony(
        "recipient before the channel",
        ' to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Paris"}<|call|>',
        [PARIS],
        tools=BOTH,
    ),
    _harmony(
        "recipient in the analysis channel",
        '<|channel|>analysis to=functions.get_weather code<|message|>{"city": "Paris"}<|call|>',
        [PARIS],
        tools=BOTH,
    ),
    _harmony(
        "built-in tool",
        '<|channel|>analysis to=browser.search<|message|>{"query": "x"}<|call|>',
        [call("browser.search", '{"query": "x"}')],
    ),
    _harmony(
        "preamble, then a call",
        "<|channel|>commentary<|message|>Let me look.<|end|>"
        "<|start|>assistant to=functions.get_weather<|channel|>commentary <|constrain|>json<|message|>"
        '{"city": "Paris"}<|call|>',
        [text("Let me look."), PARIS],
        tools=BOTH,
    ),
    _harmony(
        "several calls",
        '<|channel|>commentary to=functions.get_weather<|message|>{"city": "Paris"}<|end|>'
        '<|start|>assistant<|channel|>commentary to=functions.add<|message|>{"a": 1, "b": 2}<|call|>',
        [PARIS, SUM],
        tools=BOTH,
    ),
    _harmony(
        "call without arguments",
        "<|channel|>commentary to=functions.get_weather<|message|><|call|>",
        [call("get_weather", "{}")],
        tools=BOTH,
    ),
    _harmony(
        "recipient that is the user",
        "<|channel|>commentary to=user<|message|>Hello<|end|>",
        [text("Hello")],
    ),
    _harmony(
        "spelled delimiters", "<|channel|>final<|message|>say <|not|> it<|return|>", [text("say <|not|> it")]
    ),
    _harmony(
        "white space is kept", "<|channel|>final<|message|>\n Hello \n<|return|>", [text("\n Hello \n")]
    ),
    _harmony("markers", ANALYSIS + FINAL, [thought("hm"), text("Hello")], profile=MARKERS),
    _harmony(
        "markers and a call",
        "<|channel|>commentary<|message|>Let me look.<|end|>"
        "<|start|>assistant to=functions.get_weather<|channel|>commentary"
        '<|message|>{"city": "Paris"}<|call|>',
        [text("Let me look."), PARIS],
        tools=BOTH,
        profile=MARKERS,
    ),
    _harmony(
        "markers that show the reasoning",
        ANALYSIS + FINAL,
        [text("hm"), text("Hello")],
        profile={
            "reasoning": {
                "markers": [{"start": "<|channel|>analysis<|message|>", "end": "<|end|>", "as": "text"}]
            }
        },
    ),
    _harmony(
        "arguments that are not JSON",
        "<|channel|>commentary to=functions.get_weather<|message|>{city<|call|>",
        [call("get_weather", "{city")],
        tools=BOTH,
        warned=True,
    ),
)

THINK_FAMILIES = (
    Family("think", "<think>\nhm\n</think>\n\nHello<|im_end|>", [thought("hm"), text("Hello")], THINK),
    Family(
        "think tokens",
        "<think>\nhm\n</think>\n\nHello<|im_end|>",
        [thought("hm"), text("Hello")],
        THINK,
        added=QWEN_TOKENS,
    ),
    Family("empty think", "<think>\n\n</think>\n\nHello\n", [text("Hello\n")], THINK, added=QWEN_TOKENS),
    Family(
        "the template begins to think",
        "hm</think>Hello",
        [thought("hm"), text("Hello")],
        THINK.replace("assistant\\n'", "assistant\\n<think>\\n'"),
    ),
    Family(
        "the template has thought",
        "Hello",
        [text("Hello")],
        THINK.replace("assistant\\n'", "assistant\\n<think>\\n\\n</think>\\n\\n'"),
        added=QWEN_TOKENS,
    ),
    Family("never ends", "<think>\nhm hm", [thought("hm hm")], THINK),
    Family("end only", "Hello</think> there", [text("Hello there")], THINK),
    Family(
        "thinks twice",
        "<think>a</think>b<think>c</think>d",
        [thought("a"), text("b"), thought("c"), text("d")],
        THINK,
    ),
    Family("a lesser sign", "a < b <th c", [text("a < b <th c")], THINK),
    Family("no thinking", "<think>Hello</think>", [text("<think>Hello</think>")]),
    Family(
        "named",
        "<think>hm</think>Hello",
        [thought("hm"), text("Hello")],
        profile={"reasoning": {"format": "think"}},
    ),
    Family(
        "none",
        "<think>hm</think>Hello",
        [text("<think>hm</think>Hello")],
        THINK,
        profile={"reasoning": {"format": "none"}},
    ),
    Family(
        "own markers",
        "((hm)) Hello",
        [thought("hm"), text("Hello")],
        profile={"reasoning": {"markers": [{"start": "((", "end": "))"}]}},
    ),
    Family(
        "thinking",
        "<thinking>hm</thinking>Hello",
        [thought("hm"), text("Hello")],
        CHATML + "{#-#}{%- if false %}<thinking></thinking>{%- endif %}",
    ),
    Family(
        "magistral",
        "[THINK]hm[/THINK]Hello",
        [thought("hm"), text("Hello")],
        special=("<|im_start|>", "<|im_end|>", "[THINK]", "[/THINK]"),
    ),
    Family(
        "seed thinking",
        "<seed:think>hm</seed:think>Hello",
        [thought("hm"), text("Hello")],
        special=("<|im_start|>", "<|im_end|>"),
        added=("<seed:think>", "</seed:think>"),
    ),
    Family(
        "kimi thinking",
        "◁think▷hm◁/think▷Hello",
        [thought("hm"), text("Hello")],
        CHATML + "{%- if false %}◁think▷◁/think▷{%- endif %}",
    ),
    Family(
        "gemma",
        "<|channel>thought\nhm<channel|>Hello",
        [thought("hm"), text("Hello")],
        special=("<|im_start|>", "<|im_end|>", "<|channel>", "<channel|>"),
    ),
    Family(
        "cohere thinking",
        "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hello<|END_RESPONSE|>",
        [thought("hm"), text("Hello")],
        special=(
            "<|im_start|>",
            "<|im_end|>",
            "<|START_THINKING|>",
            "<|END_THINKING|>",
            "<|START_RESPONSE|>",
            "<|END_RESPONSE|>",
        ),
    ),
    Family(
        "apriel",
        "hm\n[BEGIN FINAL RESPONSE]\nHello\n[END FINAL RESPONSE]",
        [thought("hm"), text("Hello\n")],
        CHATML.replace("assistant\\n'", "assistant\\nHere are my reasoning steps:\\n'")
        + "{%- if false %}[BEGIN FINAL RESPONSE]{%- endif %}",
    ),
    Family(
        "granite thinking",
        "Here is my thought process: hm\n\nHere is my response: Hello",
        [thought("hm"), text("Hello")],
        CHATML + "{%- if false %}Here is my thought process: Here is my response:{%- endif %}",
    ),
)

WEATHER_JSON = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
ADD_JSON = '{"name": "add", "arguments": {"a": 1, "b": 2}}'

TOOL_FAMILIES = (
    Family(
        "hermes",
        f"Sure.\n<tool_call>\n{WEATHER_JSON}\n</tool_call>\n<tool_call>\n{ADD_JSON}\n</tool_call><|im_end|>",
        [text("Sure."), PARIS, SUM],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "hermes tokens",
        f"<tool_call>\n{WEATHER_JSON}\n</tool_call>",
        [PARIS],
        QWEN,
        added=QWEN_TOKENS,
        tools=BOTH,
    ),
    Family(
        "hermes, arguments first",
        '<tool_call>{"arguments": {"city": "Paris"}, "name": "get_weather"}</tool_call>',
        [PARIS],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "hermes, arguments in a string",
        '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>',
        [PARIS],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "hermes, no arguments",
        '<tool_call>{"name": "get_weather"}</tool_call>',
        [call("get_weather", "{}")],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "hermes, braces in strings",
        '<tool_call>{"name": "get_weather", "arguments": {"city": "}]\\"{"}}</tool_call>',
        [call("get_weather", '{"city": "}]\\"{"}')],
        QWEN,
        tools=BOTH,
    ),
    Family("hermes, no end", f"<tool_call>\n{WEATHER_JSON}<|im_end|>", [PARIS], QWEN, tools=BOTH),
    Family(
        "hermes, malformed",
        "<tool_call>nothing { of\nthe kind</tool_call> ok",
        [text("<tool_call>nothing { of\nthe kind</tool_call> ok")],
        QWEN,
        tools=BOTH,
        warned=True,
    ),
    Family(
        "hermes, broken",
        '<tool_call>{"name": "get_weather"</tool_call>',
        [text('<tool_call>{"name": "get_weather"</tool_call>')],
        QWEN,
        tools=BOTH,
        warned=True,
    ),
    Family(
        "hermes, cut after the name",
        '<tool_call>{"name": "get_weather", "arguments": {"city": "Pa',
        [call("get_weather", '{"city": "Pa')],
        QWEN,
        tools=BOTH,
        warned=True,
    ),
    Family(
        "hermes in open reasoning",
        f"<think>hm\n<tool_call>\n{WEATHER_JSON}\n</tool_call>",
        [thought("hm"), PARIS],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "hermes, then the reasoning ends",
        f"<think>hm<tool_call>{WEATHER_JSON}</tool_call>so</think>Hello",
        [thought("hm"), PARIS, thought("so"), text("Hello")],
        QWEN,
        tools=BOTH,
    ),
    Family(
        "no tools declared",
        f"<tool_call>{WEATHER_JSON}</tool_call>",
        [text(f"<tool_call>{WEATHER_JSON}</tool_call>")],
        QWEN,
    ),
    Family(
        "no tools declared, but tokens",
        f"<tool_call>{WEATHER_JSON}</tool_call>",
        [PARIS],
        QWEN,
        added=QWEN_TOKENS,
    ),
    _tools(
        "qwen3-coder",
        "<tool_call><function=x>",
        (
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
            "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>"
        ),
        [call("get_weather", '{"city": "Paris", "days": 3}')],
    ),
    _tools(
        "qwen3-coder without the frame",
        "<tool_call><function=x>",
        "Sure.\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>",
        [text("Sure."), PARIS],
    ),
    _tools(
        "glm",
        "<tool_call><arg_key>",
        (
            "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n"
            "<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>"
        ),
        [call("get_weather", '{"city": "Paris", "days": 3}')],
    ),
    _tools(
        "mistral, a list",
        "[TOOL_CALLS]",
        f"[TOOL_CALLS] [{WEATHER_JSON}, {ADD_JSON}]<|im_end|>",
        [PARIS, SUM],
    ),
    _tools(
        "mistral, headers",
        "[TOOL_CALLS]",
        (
            '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]ad'
            'd[CALL_ID]123456789[ARGS]{"a": 1, "b": 2}<|im_end|>'
        ),
        [PARIS, SUM],
        special=("<|im_start|>", "<|im_end|>", "[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"),
    ),
    _tools("mistral, names only", "[TOOL_CALLS]", '[TOOL_CALLS]get_weather{"city": "Paris"}', [PARIS]),
    _tools(
        "llama 3",
        "<|python_tag|>",
        '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}',
        [PARIS],
        special=("<|im_start|>", "<|im_end|>", "<|python_tag|>"),
    ),
    _tools(
        "llama 3, bare",
        "<|python_tag|>",
        '{"name": "get_weather", "parameters": {"city": "Paris"}}<|im_end|>',
        [PARIS],
    ),
    _tools(
        "llama 3, bare, two",
        "<|python_tag|>",
        (
            '{"name": "get_weather", "parameters": {"city": "Paris"}}; {"'
            'name": "add", "parameters": {"a": 1, "b": 2}}'
        ),
        [PARIS, SUM],
    ),
    _tools(
        "llama 3, an object that is no call",
        "<|python_tag|>",
        '{"city": "Paris"} is it',
        [text('{"city": "Paris"} is it')],
    ),
    _tools(
        "llama 3, nobody's call",
        "<|python_tag|>",
        '{"name": "Bob", "parameters": {}}',
        [text('{"name": "Bob", "parameters": {}}')],
    ),
    _tools(
        "llama 4", "[func_name1(params_name1=", '[get_weather(city="Paris"), add(a=1, b=2)]', [PARIS, SUM]
    ),
    _tools(
        "llama 4, a list that is no call",
        "[func_name1(params_name1=",
        "[1, 2] is a list",
        [text("[1, 2] is a list")],
    ),
    _tools(
        "lfm",
        "<|tool_call_start|>",
        '<|tool_call_start|>[get_weather(city="Paris")]<|tool_call_end|>Sure.',
        [PARIS, text("Sure.")],
    ),
    _tools(
        "olmo",
        "<function_calls>",
        '<function_calls>get_weather(city="Paris")\nadd(a=1, b=2)</function_calls>',
        [PARIS, SUM],
    ),
    _tools(
        "cohere",
        "<|START_ACTION|>",
        (
            '<|START_ACTION|>[\n {"tool_call_id": "0", "tool_name": "get_'
            'weather", "parameters": {"city": "Paris"}}\n]<|END_ACTION|>'
        ),
        [PARIS],
    ),
    _tools("granite", "<|tool_call|>", f"<|tool_call|>[{WEATHER_JSON}]", [PARIS]),
    _tools(
        "lfm in JSON",
        "<|tool_list_start|>",
        f"<|tool_call_start|>[{WEATHER_JSON}]<|tool_call_end|>",
        [PARIS],
    ),
    _tools(
        "gigachat",
        "function call<|role_sep|>",
        f"Sure.<|message_sep|>\n\nfunction call<|role_sep|>\n{WEATHER_JSON}<|message_sep|>",
        [text("Sure."), PARIS],
        special=("<|im_start|>", "<|im_end|>", "<|message_sep|>", "<|role_sep|>"),
    ),
    _tools("nemotron", "<TOOLCALL>", f"<TOOLCALL>[{WEATHER_JSON}]</TOOLCALL>", [PARIS]),
    _tools(
        "apertus",
        "<|tools_prefix|>",
        '<|tools_prefix|>[{"get_weather": {"city": "Paris"}}, {"add": {"a": 1, "b": 2}}]<|tools_suffix|>',
        [PARIS, SUM],
    ),
    _tools("phi", "functools[", f"functools[{WEATHER_JSON}]", [PARIS]),
    _tools(
        "internlm",
        "<|action_start|><|plugin|>",
        '<|action_start|><|plugin|>{"name": "get_weather", "parameters": {"city": "Paris"}}<|action_end|>',
        [PARIS],
    ),
    _tools(
        "functions", "<function=x></function>", '<function=get_weather>{"city": "Paris"}</function>', [PARIS]
    ),
    _tools(
        "deepseek 3",
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
        '{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n'
        '{"a": 1, "b": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [PARIS, SUM],
        special=(
            "<|im_start|>",
            "<|im_end|>",
            "<｜tool▁calls▁begin｜>",
            "<｜tool▁calls▁end｜>",
            "<｜tool▁call▁begin｜>",
            "<｜tool▁call▁end｜>",
            "<｜tool▁sep｜>",
        ),
    ),
    _tools(
        "deepseek 3.1",
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>"
        'get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'
        '<｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": 1, "b": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [PARIS, SUM],
    ),
    _tools(
        "deepseek 3.2",
        "｜DSML｜",
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="add">\n<｜DSML｜parameter name="a" string="false">1'
        '</｜DSML｜parameter>\n<｜DSML｜parameter name="b" string="false">2</｜DSML｜parameter>\n'
        "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
        [SUM],
        special=("<|im_start|>", "<|im_end|>", "｜DSML｜"),
    ),
    _tools(
        "kimi",
        "<|tool_calls_section_begin|>",
        "Sure.<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0"
        "<|tool_call_argument_begin|>"
        '{"city": "Paris"}<|tool_call_end|><|tool_call_begin|>functions.add:1<|tool_call_argument_begin|>'
        '{"a": 1, "b": 2}<|tool_call_end|><|tool_calls_section_end|>',
        [text("Sure."), PARIS, SUM],
    ),
    _tools(
        "minimax",
        "<minimax:tool_call>",
        (
            '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris'
            "</parameter>\n</invoke>\n</minimax:tool_call>"
        ),
        [PARIS],
    ),
    _tools(
        "gemma 4",
        "<|tool_call><tool_call|>",
        '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>}<tool_call|>',
        [PARIS],
    ),
    _tools(
        "function gemma",
        "<start_function_call>",
        "<start_function_call>call:get_weather{city:<escape>Paris<escape>}<end_function_call>",
        [PARIS],
    ),
    _tools(
        "seed",
        "<seed:tool_call>",
        "<seed:tool_call><function=get_weather><parameter=city>Paris</parameter></function></seed:tool_call>",
        [PARIS],
    ),
    _tools(
        "longcat",
        "<longcat_tool_call>",
        (
            "<longcat_tool_call>get_weather\n<longcat_arg_key>city</longcat_arg_key>\n"
            "<longcat_arg_value>Paris</longcat_arg_value>\n</longcat_tool_call>"
        ),
        [PARIS],
    ),
    _tools(
        "minicpm",
        '<function name="x"><param name="y">',
        '<function name="get_weather"><param name="city">Paris</param></function>',
        [PARIS],
    ),
    _tools(
        "kimi k3",
        "x",
        '<|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|>'
        '<|open|>argument key="city" type="string"<|sep|>Paris'
        "<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
        [PARIS],
        special=("<|im_start|>", "<|im_end|>", "<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"),
    ),
    _tools(
        "muse",
        "<atem:function_calls>",
        (
            '<atem:function_calls><atem:invoke name="get_weather">'
            '<atem:parameter name="city">Paris</atem:parameter></atem:invoke></atem:function_calls>'
        ),
        [PARIS],
    ),
)

FAMILIES = (*HARMONY_FAMILIES, *THINK_FAMILIES, *TOOL_FAMILIES)
