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
        "no tools declared, tokens of the vocabulary",
        f"<tool_call>{WEATHER_JSON}</tool_call>",
        [text(f"<tool_call>{WEATHER_JSON}</tool_call>")],
        QWEN,
        added=QWEN_TOKENS,
    ),
    Family(
        "no tools declared, special tokens",
        f"<tool_call>{WEATHER_JSON}</tool_call>",
        [text(WEATHER_JSON)],
        QWEN,
        special=("<|im_start|>", "<|im_end|>", *QWEN_TOKENS),
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

FUNCTIONARY = (
    "{% for message in messages %}>>>all\n{{ message.content }}{% endfor %}"
    "{{ '>>>' }}{% if tools %}{{ '' }}{% endif %}{# Respond in this format:\n>>>${recipient} #}"
)
MARK = "]<]minimax[>["
NEWER_FAMILIES = (
    Family(
        "minimax m3",
        f'<mm:think>hm</mm:think>Sure.{MARK}<tool_call>\n{MARK}<invoke name="get_weather">{MARK}<city>Paris'
        f'{MARK}</city>{MARK}</invoke>\n{MARK}<invoke name="add">{MARK}<a>1{MARK}</a>{MARK}<b>2{MARK}</b>'
        f"{MARK}</invoke>\n{MARK}</tool_call>",
        [thought("hm"), text("Sure."), PARIS, SUM],
        CHATML + "{%- if tools %}" + MARK + "<mm:think></mm:think>{{ tools }}{%- endif %}",
        tools=BOTH,
    ),
    Family(
        "minimax m3, nested",
        f'{MARK}<tool_call>{MARK}<invoke name="order">{MARK}<lines>{MARK}<item>{MARK}<tea>2{MARK}</tea>{MARK}'
        f"</item>{MARK}</lines>{MARK}<to>{MARK}<city>Paris{MARK}</city>{MARK}</to>{MARK}<tags>{MARK}</tags>"
        f"{MARK}</invoke>{MARK}</tool_call>",
        [call("order", '{"lines": [{"tea": 2}], "to": {"city": "Paris"}, "tags": []}')],
        CHATML + "{%- if tools %}" + MARK + "{{ tools }}{%- endif %}",
        tools=(
            Tool(
                "order",
                "",
                {
                    "properties": {
                        "lines": {"type": "array", "items": {"properties": {"tea": {"type": "integer"}}}},
                        "tags": {"type": "array"},
                    }
                },
            ),
        ),
    ),
    Family(
        "solar",
        "<|think|>hm<|end|><|begin|>assistant<|tool_calls|><|tool_call:begin|>a1<|tool_call:name|>get_weather"
        '<|tool_call:args|>{"city": "Paris"}<|tool_call:end|><|tool_call:begin|>a2<|tool_call:name|>add'
        '<|tool_call:args|>{"a": 1, "b": 2}<|tool_call:end|><|calls|>',
        [thought("hm"), PARIS, SUM],
        "{% for message in messages %}<|begin|>{{ message.role }}<|content|>{{ message.content }}<|end|>"
        "{% endfor %}<|begin|>assistant{% if tools %}<|think|>{{ tools }}{% endif %}".replace(
            "<|think|>{{ tools }}", "{{ tools and '' }}{# <|think|> #}"
        ),
        special=(
            *("<|begin|>", "<|end|>", "<|think|>", "<|content|>", "<|tool_calls|>", "<|calls|>"),
            *("<|tool_call:begin|>", "<|tool_call:name|>", "<|tool_call:args|>", "<|tool_call:end|>"),
        ),
        tools=BOTH,
    ),
    Family(
        "inkling",
        "<|content_thinking|>hm<|end_message|><|message_model|><|content_text|>Sure.<|end_message|>"
        '<|message_model|><|content_invoke_tool_json|>{"name": "get_weather", "args": {"city": "Paris"}}'
        "<|end_message|>",
        [thought("hm"), text("Sure."), PARIS],
        CHATML.replace("<|im_start|>assistant\\n", "<|message_model|>")
        + "{% if tools %}{{ tools and '' }}{% endif %}",
        special=(
            *("<|im_start|>", "<|im_end|>", "<|message_model|>", "<|content_thinking|>", "<|content_text|>"),
            *("<|content_invoke_tool_json|>", "<|end_message|>"),
        ),
        tools=BOTH,
    ),
    Family(
        "functionary",
        'all\nSure.>>>get_weather\n{"city": "Paris"}>>>add\n{"a": 1, "b": 2}',
        [text("Sure."), PARIS, SUM],
        FUNCTIONARY,
        tools=BOTH,
    ),
    Family("functionary, a call", 'get_weather\n{"city": "Paris"}', [PARIS], FUNCTIONARY, tools=BOTH),
    Family("functionary, no header", "Hello there\nyou", [text("Hello there\nyou")], FUNCTIONARY),
    Family(
        "hunyuan 3",
        "<think:opensource>hm</think:opensource><tool_calls:opensource><tool_call:opensource>get_weather"
        "<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Paris"
        "</arg_value:opensource>\n</tool_call:opensource></tool_calls:opensource>",
        [thought("hm"), PARIS],
        "{%- set end = ':opensource' %}{%- if tools %}{{- '<tool_call{}><tool_sep{}>'.format(end, end) }}"
        "{{- '<think{}></think{}>'.format(end, end) + tools | tojson }}{%- endif %}" + CHATML,
        tools=BOTH,
    ),
    _tools(
        "step 3",
        "<｜tool_calls_begin｜>",
        "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜>"
        '<steptml:invoke name="get_weather"><steptml:parameter name="city">Paris</steptml:parameter>'
        "</steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>",
        [PARIS],
    ),
    _tools(
        "dots",
        "<dots_function_call>",
        "<dots_function_call><invoke name=get_weather><parameter name=city>Paris</parameter></invoke>"
        "</dots_function_call>",
        [PARIS],
    ),
    _tools(
        "k2 horizon",
        "<ifm|tool_call>",
        "<ifm|tool_calls><ifm|tool_call>add<ifm|arg_key>a</ifm|arg_key><ifm|arg_type>integer</ifm|arg_type>"
        "<ifm|arg_value>1</ifm|arg_value><ifm|arg_key>b</ifm|arg_key><ifm|arg_value>2</ifm|arg_value>"
        "</ifm|tool_call></ifm|tool_calls>",
        [SUM],
    ),
    _tools(
        "plamo",
        "<|plamo:begin_tool_requests:plamo|>",
        "<|plamo:begin_tool_requests:plamo|><|plamo:begin_tool_request:plamo|>"
        "<|plamo:begin_tool_name:plamo|>get_weather<|plamo:end_tool_name:plamo|>"
        '<|plamo:begin_tool_arguments:plamo|><|plamo:constrain|>json<|plamo:msg|>{"city": "Paris"}'
        "<|plamo:end_tool_arguments:plamo|><|plamo:end_tool_request:plamo|>"
        "<|plamo:end_tool_requests:plamo|>",
        [PARIS],
    ),
    _tools(
        "deepseek without the frame",
        "<｜tool▁calls▁begin｜>",
        'Sure.<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'
        "<｜tool▁calls▁end｜>",
        [text("Sure."), PARIS],
    ),
    _tools("pangu", "[unused11][unused12]", f"[unused11][{WEATHER_JSON}][unused12]", [PARIS]),
    _tools(
        "granite code",
        "<function_call>",
        f"<function_call> {WEATHER_JSON}\n<function_call> {ADD_JSON}",
        [PARIS, SUM],
    ),
    _tools("granite 3.0", "<|tool_call|>", f"<tool_call>[{WEATHER_JSON}]</tool_call>", [PARIS]),
    _tools(
        "miro",
        "<use_mcp_tool>",
        "<use_mcp_tool>\n<server_name>s</server_name>\n<tool_name>get_weather</tool_name>\n<arguments>\n"
        '{"city": "Paris"}\n</arguments>\n</use_mcp_tool>',
        [PARIS],
    ),
    _tools("a fenced list", "", f"```json\n[{WEATHER_JSON}]\n```", [PARIS]),
    _tools("a bare list", "", f"[{WEATHER_JSON}, {ADD_JSON}]", [PARIS, SUM]),
    _tools("a fence that is no call", "", "```python\nprint(1)\n```", [text("```python\nprint(1)\n```")]),
    _tools("an empty list", "", "[]", [text("[]")]),
    _tools("an empty fence", "", "```json\n", [text("```json\n")]),
    _tools("a list that is no call", "", "[1, 2]", [text("[1, 2]")]),
    _tools(
        "apertus, an undeclared tool",
        "<|tools_prefix|>",
        '<|tools_prefix|>[{"other": {"a": {"b": 1}}}]<|tools_suffix|>',
        [call("other", '{"a": {"b": 1}}')],
    ),
    _tools(
        "gemma 4, nested",
        "<|tool_call><tool_call|>",
        '<|tool_call>call:note{text:<|"|>a "b"\n{c}<|"|>,tags:[<|"|>x<|"|>,2],meta:{k:true}}<tool_call|>',
        [call("note", '{"text": "a \\"b\\"\\n{c}", "tags": ["x", 2], "meta": {"k": true}}')],
    ),
    _tools(
        "kimi k3, one object",
        "x",
        '<|open|>tools<|sep|><|open|>call tool="add" index="1"<|sep|><|open|>json type="object"<|sep|>'
        '{"a": 1, "b": 2}<|close|>json<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
        [SUM],
        special=("<|im_start|>", "<|im_end|>", "<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"),
    ),
    _tools(
        "minicpm, a value in CDATA",
        '<function name="x"><param name="y">',
        '<function name="get_weather"><param name="city"><![CDATA[a</param> & ]]b]]></param></function>',
        [call("get_weather", '{"city": "a</param> & ]]b"}')],
    ),
    _tools(
        "llama 4, all kinds of values",
        "[func_name1(params_name1=",
        "[get_weather(city='a, \"b\")', days=[1, {'k': None}], x=-1.5, y=True, z=\"\")]",
        [
            call(
                "get_weather",
                '{"city": "a, \\"b\\")", "days": [1, {"k": null}], "x": -1.5, "y": true, "z": ""}',
            )
        ],
    ),
    Family(
        "the prompt and the model begin to think",
        "<think>\nhm</think>Hello",
        [thought("hm"), text("Hello")],
        THINK.replace("assistant\\n'", "assistant\\n<think>\\n'"),
        added=QWEN_TOKENS,
    ),
    Family(
        "gemma, a channel begun twice",
        "<|channel><|channel>thought\n<channel|>Hello",
        [text("Hello")],
        special=("<|im_start|>", "<|im_end|>", "<|channel>", "<channel|>"),
    ),
    Family(
        "gemma, a nameless channel",
        "<|channel>hm<channel|>Hello",
        [thought("hm"), text("Hello")],
        special=("<|im_start|>", "<|im_end|>", "<|channel>", "<channel|>"),
    ),
)

FAMILIES = (*NEWER_FAMILIES, *HARMONY_FAMILIES, *THINK_FAMILIES, *TOOL_FAMILIES)
