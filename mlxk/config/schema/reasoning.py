"""`reasoning`: how a model thinks, and how its thinking is shown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import Section, Text, choices


class Marker(Section):
    """Text between `start` and `end` is a block of kind `as`."""

    start: Text = Field(
        description="What the model writes before the block.",
        examples=["<think>", "<|channel|>analysis<|message|>"],
    )
    end: Text = Field(description="What the model writes behind the block.", examples=["</think>", "<|end|>"])
    kind: Literal["reasoning", "text"] = Field(
        "reasoning",
        alias="as",
        description="What the block is.",
        examples=["reasoning"],
        json_schema_extra=choices(
            {"reasoning": "The model's thinking.", "text": "The answer that people see."}
        ),
    )


# The names of `mlxk.text.presets`; a test holds them together.
ReasoningFormat = Literal[
    "think",
    "harmony",
    "thinking",
    "thought",
    "reasoning",
    "think_answer",
    "begin_of_thought",
    "apriel",
    "cohere",
    "gemma",
    "granite",
    "inner",
    "kimi",
    "longcat",
    "mistral",
    "muse",
    "seed",
    "think_tokens",
    "xtml",
    "think_response",
    "solar",
    "inkling",
    "functionary",
    "minimax_m3",
    "hunyuan",
    "k2_horizon",
    "plamo",
    "pangu",
    "none",
]


class ReasoningSection(Section):
    """How the model thinks, and how its thinking is shown."""

    enabled: bool | None = Field(
        None,
        description="Let the model think, or not, where its template can switch. Without it, the template "
        "decides.",
        examples=[True, False],
    )
    format: ReasoningFormat | None = Field(
        None,
        description="The markers around reasoning, by name. Without it, found out from the model's tokenizer "
        "and template.",
        examples=["think", "harmony"],
        json_schema_extra=choices(
            {
                "think": "<think>…</think>, as Qwen3, DeepSeek-R1 and most others write it.",
                "harmony": "The channels of gpt-oss: analysis, commentary, final.",
                "thinking": "<thinking>…</thinking>.",
                "thought": "<thought>…</thought>.",
                "reasoning": "<reasoning>…</reasoning>.",
                "think_answer": "<think>…</think><answer>…</answer>, as Hunyuan writes it.",
                "begin_of_thought": "<|begin_of_thought|>…<|end_of_thought|>, then a solution.",
                "apriel": "Here are my reasoning steps: … [BEGIN FINAL RESPONSE].",
                "cohere": "<|START_THINKING|>…<|END_THINKING|>.",
                "gemma": "<|channel>thought…<channel|>.",
                "granite": "Here is my thought process: … Here is my response: ….",
                "inner": "<|inner_prefix|>…<|inner_suffix|>, as Apertus writes it.",
                "kimi": "◁think▷…◁/think▷.",
                "longcat": "<longcat_think>…</longcat_think>.",
                "mistral": "[THINK]…[/THINK], as Magistral writes it.",
                "muse": "Messages to=self and to=user.",
                "seed": "<seed:think>…</seed:think>.",
                "think_tokens": "<|think:start|>…<|think:end|>.",
                "xtml": "<|open|>think<|sep|>…<|close|>think<|sep|>, as Kimi K3 writes it.",
                "think_response": "<think>…</think><response>…</response>, as Granite 3.3 writes it.",
                "solar": "Messages of Solar Open: <|think|>…<|end|>, then <|content|>….",
                "inkling": "Messages that begin with <|content_thinking|> or <|content_text|>.",
                "functionary": "No reasoning; answers behind >>>all, calls behind >>>name.",
                "minimax_m3": "<mm:think>…</mm:think>.",
                "hunyuan": "<think:opensource>…</think:opensource>, as Hunyuan 3 writes it.",
                "k2_horizon": "<ifm|think>…</ifm|think>.",
                "plamo": "<|plamo:begin_think:plamo|>….",
                "pangu": "[unused16]…[unused17].",
                "none": "All of the output is the answer.",
            }
        ),
    )
    markers: list[Marker] | None = Field(
        None,
        description="The markers themselves, for a model that no `format` fits. Instead of `format`.",
        examples=[[{"start": "<think>", "end": "</think>", "as": "reasoning"}]],
    )
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        None,
        description="How hard to think, for models whose template knows effort levels.",
        examples=["low", "medium", "high"],
        json_schema_extra=choices(
            {
                "none": "No thinking.",
                "minimal": "As little as the model can.",
                "low": "Quick answers.",
                "medium": "The usual balance.",
                "high": "Thorough, and slower.",
                "xhigh": "More than high.",
                "max": "As much as the model can.",
            }
        ),
    )
    expose: Literal["reasoning", "reasoning_content", "both", "inline", "drop"] = Field(
        "both",
        description="How the server gives reasoning to its clients.",
        examples=["reasoning_content"],
        json_schema_extra=choices(
            {
                "reasoning": "In a field `reasoning` beside `content`.",
                "reasoning_content": "In a field `reasoning_content` beside `content`.",
                "both": "In both fields, for any client.",
                "inline": "Within `content`, between the markers.",
                "drop": "Not at all.",
            }
        ),
    )
    show: Literal["full", "folded", "hidden"] = Field(
        "full",
        description="How `chat` and `run` show reasoning on a terminal, unless a flag or a command says "
        "otherwise. In a pipe it is left out.",
        examples=["folded"],
        json_schema_extra=choices(
            {
                "full": "As it comes, dim.",
                "folded": "In `chat` one line, which Ctrl-O or /show reasoning opens; left out in `run`.",
                "hidden": "Not at all.",
            }
        ),
    )
