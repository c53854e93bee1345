"""Tools for chat templates that have no place for them: described in the system prompt.

DeepSeek's templates write tool calls and their results, but not the tools: these are described as the models
were trained to see them (source: the model card of DeepSeek-V3.1, and the templates that vLLM and SGLang
ship for R1 and V3). Every other model is shown Qwen's description of Hermes' format, which most models have
met, and where its template does not know calls, earlier ones and their results are written into messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlxk.text.template import ChatTemplate

_Messages = list[dict[str, Any]]
_Tools = Sequence[Mapping[str, Any]]

_FRAME = "<｜tool▁calls▁begin｜>"
_V31 = """
IMPORTANT: ALWAYS adhere to this exact format for tool use:
<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_call_name<｜tool▁sep｜>tool_call_arguments<｜tool▁call▁end｜>\
{{additional_tool_calls}}<｜tool▁calls▁end｜>

Where:

- `tool_call_name` must be an exact match to one of the available tools
- `tool_call_arguments` must be valid JSON that strictly follows the tool's Parameters Schema
- For multiple tool calls, chain them directly without separators or spaces
"""
_R1 = """\
You are a helpful assistant with tool calling capabilities. When a tool call is needed, you MUST use the \
following format to issue the call:
<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>FUNCTION_NAME
```json
{"param1": "value1", "param2": "value2"}
```<｜tool▁call▁end｜><｜tool▁calls▁end｜>

Make sure the JSON is valid.

## Tools

### Function

You have the following functions available:
"""
_HERMES = """\
# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> \
XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
WARNING = "the model's chat template has no place for tools: they are described in the system prompt"


def with_tools(messages: _Messages, tools: _Tools, template: ChatTemplate) -> tuple[_Messages, str | None]:
    """The messages with the tools in their system message, and what to warn of."""
    own = _FRAME in template.literals
    describe = (_r1 if "```json" in template.literals else _v31) if own else _hermes
    text = describe(tools)
    head, rest = messages[:1], messages[1:]
    if head and head[0]["role"] == "system":
        first = {**head[0], "content": f"{head[0]['content']}\n\n{text}"}
        return [first, *rest], None if own else WARNING
    return [{"role": "system", "content": text}, *messages], None if own else WARNING


def with_calls_in_text(messages: _Messages) -> _Messages:
    """Earlier calls in the assistant's text, and results, those of one turn together, in users' messages."""
    result: _Messages = []
    after_result = False
    for item in messages:
        if item["role"] == "tool":
            text = f"<tool_response>\n{item['content']}\n</tool_response>"
            if after_result:
                result[-1]["content"] += "\n" + text
            else:
                result.append({"role": "user", "content": text})
            after_result = True
            continue
        after_result = False
        calls = [_call(call["function"]) for call in item.get("tool_calls", ())]
        rest = {key: value for key, value in item.items() if key != "tool_calls"}
        if calls:
            rest["content"] = "\n".join(filter(None, (item["content"], *calls)))
        result.append(rest)
    return result


def _call(function: Mapping[str, Any]) -> str:
    body = json.dumps({"name": function["name"], "arguments": function["arguments"]}, ensure_ascii=False)
    return f"<tool_call>\n{body}\n</tool_call>"


def _v31(tools: _Tools) -> str:
    said = [
        f"### {tool['function']['name']}\nDescription: {tool['function'].get('description', '')}\n\n"
        f"Parameters: {json.dumps(tool['function']['parameters'], ensure_ascii=False)}\n"
        for tool in tools
    ]
    return "\n".join(["## Tools\nYou have access to the following tools:\n", *said]) + _V31


def _r1(tools: _Tools) -> str:
    return "\n".join([_R1, *(f"```json\n{json.dumps(tool, ensure_ascii=False)}\n```\n" for tool in tools)])


def _hermes(tools: _Tools) -> str:
    return _HERMES.format("\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools))
