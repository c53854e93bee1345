"""`tools`: how a model calls tools."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import Section, Text, choices

# The names of `mlxk.text.tools.table`; a test holds them together.
ToolFormatName = Literal[
    "tool_call",
    "json",
    "mistral",
    "python_tag",
    "pythonic",
    "python_list",
    "deepseek",
    "dsml",
    "kimi",
    "kimi_k3",
    "minimax",
    "seed",
    "gemma4",
    "gemma",
    "granite",
    "cohere",
    "command_r",
    "nemotron",
    "apertus",
    "internlm",
    "olmo",
    "longcat",
    "minicpm5",
    "muse",
    "gigachat",
    "functools",
    "function",
    "tool_calls",
    "minimax_m3",
    "hunyuan",
    "dots",
    "step3",
    "k2_horizon",
    "granite_code",
    "plamo",
    "pangu",
    "mcp",
    "none",
]


class ToolMarkers(Section):
    """What stands around tool calls."""

    start: Text = Field(description="What the model writes before its calls.", examples=["<tool_call>"])
    end: Text = Field(description="What the model writes behind them.", examples=["</tool_call>"])


class ToolsSection(Section):
    """How the model calls tools."""

    format: ToolFormatName | None = Field(
        None,
        description="How the model writes its calls, by name. Without it, found out from the model's "
        "template and tokenizer.",
        examples=["tool_call", "mistral"],
        json_schema_extra=choices(
            {
                "tool_call": "<tool_call>…</tool_call>: Hermes, Qwen, GLM and most others.",
                "json": "An answer that is a JSON object with name and arguments.",
                "mistral": "[TOOL_CALLS] and a list, or name and arguments.",
                "python_tag": "Llama 3: JSON, with or without <|python_tag|>.",
                "pythonic": "<|tool_call_start|>[f(x=1)]<|tool_call_end|>, as LFM2 writes it.",
                "python_list": "[f(x=1)], as Llama 4 writes it.",
                "deepseek": "<｜tool▁calls▁begin｜>…, as DeepSeek R1, V3 and V3.1 write it.",
                "dsml": "<｜DSML｜function_calls>…, as DeepSeek V3.2 and later write it.",
                "kimi": "<|tool_calls_section_begin|>…, as Kimi K2 writes it.",
                "kimi_k3": "<|open|>tools<|sep|>…, as Kimi K3 writes it.",
                "minimax": "<minimax:tool_call>…</minimax:tool_call>.",
                "seed": "<seed:tool_call>…</seed:tool_call>.",
                "gemma4": "<|tool_call>call:f{…}<tool_call|>.",
                "gemma": "<start_function_call>…<end_function_call>.",
                "granite": "<|tool_call|> and JSON.",
                "cohere": "<|START_ACTION|>…<|END_ACTION|>.",
                "command_r": "Action: and JSON in a code fence.",
                "nemotron": "<TOOLCALL>…</TOOLCALL>.",
                "apertus": "<|tools_prefix|>…<|tools_suffix|>.",
                "internlm": "<|action_start|><|plugin|>…<|action_end|>.",
                "olmo": "<function_calls>…</function_calls>, a Python call a line.",
                "longcat": "<longcat_tool_call>…</longcat_tool_call>.",
                "minicpm5": '<function name="f">…</function>.',
                "muse": "<atem:function_calls>…</atem:function_calls>.",
                "gigachat": "<|function_call|> and JSON.",
                "functools": "functools[…].",
                "function": "<function=f>{…}</function>.",
                "tool_calls": "<tool_calls>[…]</tool_calls>.",
                "minimax_m3": "MiniMax M3: every tag behind a mark of its own.",
                "hunyuan": "<tool_call>f<tool_sep>…, as Hunyuan 3 writes it.",
                "dots": "<dots_function_call>…</dots_function_call>.",
                "step3": "<｜tool_calls_begin｜>…, as Step 3 writes it.",
                "k2_horizon": "<ifm|tool_call>…</ifm|tool_call>.",
                "granite_code": "<function_call> and JSON, as Granite 20B writes it.",
                "plamo": "<|plamo:begin_tool_requests:plamo|>….",
                "pangu": "[unused11]…[unused12].",
                "mcp": "<use_mcp_tool>…</use_mcp_tool>, as MiroThinker writes it.",
                "none": "The model calls no tools; what it writes is text.",
            }
        ),
    )
    markers: list[ToolMarkers] | None = Field(
        None,
        description="The markers themselves, for a model that no `format` fits; between them stand JSON, "
        "<function=…> or <arg_key> calls. Instead of `format`.",
        examples=[[{"start": "<call>", "end": "</call>"}]],
    )
    in_reasoning: Literal["call", "text"] = Field(
        "call",
        description="What a tool call within reasoning is (in harmony: one in the analysis channel).",
        examples=["text"],
        json_schema_extra=choices(
            {
                "call": "A tool call like any other.",
                "text": "Part of the reasoning: the model only thinks of calling.",
            }
        ),
    )
