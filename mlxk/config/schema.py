"""The profile language's shape, version 1: what a resolved profile is.

These models see plain values only, after layers were merged, `key+:` applied and `${…}` interpolated.
Each key here works end to end; a key that does nothing does not exist. Names are final. Descriptions and
examples are what an editor shows on hover.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag


class Section(BaseModel):
    """A mapping in a profile: unknown keys are errors, values never change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def choices(meanings: Mapping[str, str], **more: Any) -> Any:
    """Schema extras of a `Literal` field: what each value means, in the order of the values."""
    return {"enumDescriptions": list(meanings.values()), **more}


Text = Annotated[str, Field(min_length=1)]


class ModelOverride(Section):
    """The parts of `model` that an override may change; which model it is stays the profile's business."""

    revision: Text | None = Field(
        None,
        description="Branch, tag or commit of `repo`. A commit makes runs reproducible.",
        examples=["main", "v1.0"],
    )
    chat_template: Text | None = Field(
        None,
        description="A .jinja file, relative to the file that says so, or the name of one of the model's own "
        "templates. Without it, the model's default template.",
        examples=["./templates/chat.jinja", "harmony", "tool_use"],
    )


class ModelSection(ModelOverride):
    """Which model. A plain string is short for `repo`, or for `path` if it starts with ./, ../, / or ~."""

    repo: Text | None = Field(
        None,
        description="A repository on the Hugging Face Hub, or `builtin:demo` for the model inside this "
        "package.",
        examples=["mlx-community/Qwen3-4B-Instruct-2507-4bit", "builtin:demo"],
        json_schema_extra={"pattern": r"^(builtin:[a-z0-9_-]+|[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?)$"},
    )
    path: Text | None = Field(
        None,
        description="A model folder on this machine, relative to the file that says so. Instead of `repo`.",
        examples=["./models/my-finetune", "~/models/qwen3-4b"],
    )


class SamplingSection(Section):
    """How each token is drawn."""

    temperature: float = Field(
        0.7,
        ge=0,
        le=5,
        description="0 always takes the likeliest token; higher values take more chances.",
        examples=[0, 0.7, 1.0],
    )
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Draw from the likeliest tokens that together have this probability; 1 for all.",
        examples=[0.9, 0.95],
    )
    top_k: int = Field(
        0, ge=0, description="Draw from this many of the likeliest tokens; 0 for all.", examples=[20, 40]
    )
    min_p: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Leave out tokens whose probability is below this part of the likeliest token's.",
        examples=[0.05],
    )
    xtc_probability: float = Field(
        0.0,
        ge=0,
        le=1,
        description="How often to exclude the top choices (XTC), for less predictable text; 0 for never.",
        examples=[0.5],
    )
    xtc_threshold: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="How likely a token must be for XTC to exclude it.",
        examples=[0.1],
    )
    repetition_penalty: float = Field(
        1.0,
        gt=0,
        description="Divides the likelihood of recent tokens; 1 for none, above 1 against loops.",
        examples=[1.05, 1.1],
    )
    repetition_context: int = Field(
        64, ge=0, description="How many recent tokens `repetition_penalty` looks at.", examples=[64, 256]
    )
    presence_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken once from the logit of each token that occurred recently.",
        examples=[0.5, 1.5],
    )
    presence_context: int = Field(
        64, ge=0, description="How many recent tokens `presence_penalty` looks at.", examples=[64, 256]
    )
    frequency_penalty: float = Field(
        0.0,
        ge=-2,
        le=2,
        description="Taken from the logit of a token as often as it occurred recently.",
        examples=[0.2],
    )
    frequency_context: int = Field(
        64, ge=0, description="How many recent tokens `frequency_penalty` looks at.", examples=[64, 256]
    )
    logit_bias: dict[Annotated[int, Field(strict=False, ge=0, lt=2**31)], float] = Field(
        default_factory=dict,
        description="Added to the logits of single tokens, by token id; -100 forbids a token.",
        examples=[{"50256": -100}],
    )
    seed: int | None = Field(
        None,
        ge=0,
        lt=2**64,
        description="The same seed, prompt and settings give the same answer. Without it, a fresh one each "
        "time.",
        examples=[42],
    )


class ContextShare(Section):
    """The part of the context window that one request may use for its answer when it names no limit."""

    run: float = Field(1.0, gt=0, le=1, description="In `mlxk run` and `mlxk chat`.", examples=[1.0])
    server: float = Field(
        0.5,
        gt=0,
        le=1,
        description="In `mlxk up`, where one request must not occupy the machine for a whole context.",
        examples=[0.5, 0.25],
    )


class TokensSection(Section):
    """Budgets, in tokens."""

    context: int | None = Field(
        None,
        gt=0,
        description="The context window to use: prompt and answer together. Without it, all of the model's.",
        examples=[8192, 32768],
    )
    max_output: int | None = Field(
        None,
        gt=0,
        description="The most that one answer may have, reasoning included. Without it, see `share`.",
        examples=[1024, 4096],
    )
    max_reasoning: int | None = Field(
        None,
        ge=0,
        description="After this much reasoning the model is made to answer. Less than `max_output`.",
        examples=[2048],
    )
    share: ContextShare = Field(
        default_factory=ContextShare,
        description="The part of the window that an answer may use when nothing names a limit.",
        examples=[{"run": 1.0, "server": 0.5}],
    )
    overflow: Literal["error", "truncate_oldest"] = Field(
        "error",
        description="What to do when the conversation does not fit the window.",
        examples=["truncate_oldest"],
        json_schema_extra=choices(
            {
                "error": "Refuse the request and say by how much it is too long.",
                "truncate_oldest": "Leave out the oldest turns; the system prompt stays.",
            }
        ),
    )


class StopSection(Section):
    """What ends an answer, besides the model's own end of turn."""

    tokens: list[Text] = Field(
        default_factory=list,
        description="Special tokens that end the answer, as the tokenizer spells them.",
        examples=[["<|im_end|>"], ["<|return|>", "<|call|>"]],
    )
    sequences: list[Text] = Field(
        default_factory=list,
        description='Text that ends the answer and is not shown. For a line break write "\\n" in double '
        "quotes.",
        examples=[["\n\n"], ["END"]],
    )
    scope: Literal["text", "all"] = Field(
        "text",
        description="Where `sequences` apply.",
        examples=["text"],
        json_schema_extra=choices(
            {"text": "In the visible answer only.", "all": "In the answer and in the reasoning."}
        ),
    )


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
                "none": "All of the output is the answer.",
            }
        ),
    )
    markers: list[Marker] | None = Field(
        None,
        description="The markers themselves, for a model that no `format` fits. Instead of `format`.",
        examples=[[{"start": "<think>", "end": "</think>", "as": "reasoning"}]],
    )
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = Field(
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
                "xhigh": "As much as the model can.",
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


class ApiKey(Section):
    """A key with a name, so that logs can tell whose request it was."""

    name: Text = Field(description="Who uses the key; this is what logs show.", examples=["ci", "alice"])
    key: Text = Field(description="The key itself.", examples=["${env:CI_KEY}", "${file:ci.key}"])


AnyApiKey = Annotated[
    Annotated[Text, Tag("<key>")] | Annotated[ApiKey, Tag("<named key>")],
    Discriminator(lambda value: "<named key>" if isinstance(value, dict | ApiKey) else "<key>"),
]


class LimitsSection(Section):
    """What one client may cost."""

    body: int = Field(
        32 << 20, ge=1024, description="The largest body of a request, in bytes.", examples=[1048576]
    )
    upload_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="How long a request may take to arrive. A client that is slower gets 408.",
        examples=[10, 120],
    )
    queue: int = Field(
        128,
        ge=1,
        description="How many generations may run and wait at a time. Further requests get 429 with a "
        "retry-after header.",
        examples=[16, 256],
    )


class Bounds(Section):
    """The range that a request's value is brought into, both ends included."""

    min: float | None = Field(None, description="Raise lower values to this.", examples=[0.1])
    max: float | None = Field(None, description="Lower higher values to this.", examples=[1.0])


class CountBounds(Section):
    """The range that a request's whole number is brought into, both ends included."""

    min: int | None = Field(None, description="Raise lower values to this.", examples=[16])
    max: int | None = Field(None, description="Lower higher values to this.", examples=[1024])


def _clamp(bounds: type[Section], what: str, **example: float) -> Any:
    description = f"The range of a request's {what}."
    return Field(default_factory=bounds, description=description, examples=[example])


class ClampSection(Section):
    """Ranges for what a request may say; a value outside is brought to the nearer end, with a warning."""

    temperature: Bounds = _clamp(Bounds, "`temperature`", max=1.0)
    top_p: Bounds = _clamp(Bounds, "`top_p`", min=0.5)
    top_k: CountBounds = _clamp(CountBounds, "`top_k`", max=100)
    min_p: Bounds = _clamp(Bounds, "`min_p`", max=0.2)
    xtc_probability: Bounds = _clamp(Bounds, "`xtc_probability`", max=0.5)
    xtc_threshold: Bounds = _clamp(Bounds, "`xtc_threshold`", min=0.1)
    repetition_penalty: Bounds = _clamp(Bounds, "`repetition_penalty`", max=1.2)
    repetition_context: CountBounds = _clamp(CountBounds, "`repetition_context`", max=256)
    presence_penalty: Bounds = _clamp(Bounds, "`presence_penalty`", min=0.0, max=1.5)
    presence_context: CountBounds = _clamp(CountBounds, "`presence_context`", max=256)
    frequency_penalty: Bounds = _clamp(Bounds, "`frequency_penalty`", min=0.0, max=1.5)
    frequency_context: CountBounds = _clamp(CountBounds, "`frequency_context`", max=256)
    max_tokens: CountBounds = _clamp(
        CountBounds, "output tokens, under whichever name it sends them", max=1024
    )
    max_reasoning: CountBounds = _clamp(CountBounds, "reasoning budget, in tokens", max=2048)


# What a request can say over the profile.
RequestParameter = Literal[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "xtc_probability",
    "xtc_threshold",
    "repetition_penalty",
    "repetition_context",
    "presence_penalty",
    "presence_context",
    "frequency_penalty",
    "frequency_context",
    "logit_bias",
    "seed",
    "max_tokens",
    "max_reasoning",
    "stop",
    "reasoning",
    "reasoning_effort",
    "system",
    "tools",
    "response_format",
    "logprobs",
    "chat_template_kwargs",
]


class RequestPolicySection(Section):
    """What a request to `mlxk up` may say over the profile. What is not named here, it may."""

    locked: list[RequestParameter] = Field(
        default_factory=list,
        description="A request that says one of these is refused with status 400, by name, unless it says "
        "what the profile says.",
        examples=[["temperature"], ["temperature", "seed", "system"]],
    )
    clamp: ClampSection = Field(
        default_factory=ClampSection,
        description="Ranges for what a request may say; a value outside is brought to the nearer end, and "
        "the answer carries a warning.",
        examples=[{"max_tokens": {"max": 1024}, "temperature": {"max": 1.0}}],
    )


RouteHandler = Literal[
    "openai.chat",
    "openai.completions",
    "openai.models",
    "anthropic.messages",
    "anthropic.count_tokens",
    "health",
]


class ServerSection(Section):
    """What `mlxk up` serves, and where."""

    listen: str = Field(
        "127.0.0.1:8080",
        description="Address and port, as host:port. Port 0 takes a free one.",
        examples=["127.0.0.1:8080", "[::1]:8080", "localhost:0"],
        json_schema_extra={"pattern": r"^(\[[0-9A-Fa-f:.]+\]|[^\s/@:]+):[0-9]{1,5}$"},
    )
    routes: dict[str, Literal[RouteHandler, False]] = Field(
        default_factory=dict,
        description="What answers at which path, over the usual routes; `false` takes a route away.",
        examples=[{"/v1/chat/completions": "openai.chat", "/health": "health"}],
        json_schema_extra={"propertyNames": {"pattern": r"^(/[^\s<>?#]*|x-.*)$"}},
    )
    api_keys: list[AnyApiKey] = Field(
        default_factory=list,
        description="Requests must carry one of these, as `Authorization: Bearer …` or `x-api-key`. Without "
        "any, the server is open to this machine, and to it alone.",
        examples=[["${env:MLXK_KEY}"], [{"name": "ci", "key": "${env:CI_KEY}"}]],
    )
    cors: list[Text] = Field(
        default_factory=list,
        description="Origins whose pages may use the server from a browser; `*` for all.",
        examples=[["https://chat.example.org", "http://localhost:3000"]],
    )
    limits: LimitsSection = Field(
        default_factory=LimitsSection,
        description="What one client may cost.",
        examples=[{"body": 1048576, "queue": 16}],
    )
    drain: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="How many seconds running answers may take to finish when the server is stopped.",
        examples=[5, 120],
    )


def _schema_document(value: Any) -> Any:
    """A JSON schema as a mapping; JSON text, as `${file:…}` gives it, is read."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"the schema is not JSON: {error}") from error
    if value is not None and not isinstance(value, dict):
        raise ValueError("a JSON schema must be a mapping, or the text of a JSON object")
    return value


class OutputSection(Section):
    """What the answer must look like, unless a request says so itself; reasoning stays free."""

    json_schema: Annotated[Any, AfterValidator(_schema_document)] = Field(
        None,
        description="The answer is JSON under this schema: a mapping, or a file's text. What cannot "
        "be enforced is refused by its name.",
        examples=["${file:schemas/invoice.json}", {"type": "object", "required": ["total"]}],
        json_schema_extra={"type": ["object", "string", "null"]},
    )
    regex: Text | None = Field(
        None,
        description="The whole answer matches this regular expression, without look-around and "
        "back-references. Instead of `json_schema`.",
        examples=["(yes|no)", "[A-Z]{3}-[0-9]{4}"],
    )
    grammar: Text | None = Field(
        None,
        description="The answer follows this Lark grammar (llguidance's dialect). Instead of `json_schema`.",
        examples=['start: "yes" | "no"', "${file:grammars/sql.lark}"],
    )


class PromptCacheSection(Section):
    """Keys and values of earlier prompts, for prompts that begin the same way."""

    bytes: Text = Field(
        "2GiB",
        description="How much memory it may take: a number with KiB, MiB or GiB; 0 for no cache.",
        examples=["512MiB", "2GiB", "0"],
        json_schema_extra={"pattern": r"^([0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB)?|\$\{.*)$"},
    )
    entries: int = Field(
        16, ge=0, description="How many prompts it may hold; 0 for no cache.", examples=[16, 64]
    )


class EngineSection(Section):
    """How the model is run."""

    concurrency: int = Field(
        8,
        ge=1,
        le=256,
        description="How many requests are decoded together; more wait. Each takes memory for its context.",
        examples=[1, 8, 32],
    )
    prefill_step: int = Field(
        512,
        ge=16,
        le=65536,
        description="How many tokens of a prompt are processed between two steps of decoding. Smaller steps "
        "disturb running answers less.",
        examples=[256, 2048],
    )
    prompt_cache: PromptCacheSection = Field(
        default_factory=PromptCacheSection,
        description="Keys and values of earlier prompts, for prompts that begin the same way.",
        examples=[{"bytes": "512MiB", "entries": 8}],
    )


def model_table(reference: str) -> dict[str, str]:
    """What a plain string under `model` is short for."""
    is_path = reference.startswith(("./", "../", "/", "~")) or reference in (".", "..")
    return {"path" if is_path else "repo": reference}


def _model_shorthand(value: Any) -> Any:
    return model_table(value) if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Settings(Section):
    """The keys that a profile, a variant, an override and the user file have in common."""

    system: str | None = Field(
        None,
        description="The system prompt, unless the conversation brings its own.",
        examples=["You are concise.", "${file:prompts/system.md}"],
    )
    chat_template_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="Further variables for the model's chat template.",
        examples=[{"enable_thinking": False}],
    )
    sampling: SamplingSection = Field(
        default_factory=SamplingSection,
        description="How each token is drawn. What is left out comes from the model's own "
        "generation_config.json.",
        examples=[{"temperature": 0.7, "top_p": 0.9}],
    )
    tokens: TokensSection = Field(
        default_factory=TokensSection,
        description="Budgets, in tokens.",
        examples=[{"context": 32768, "max_output": 2048}],
    )
    stop: StopSection = Field(
        default_factory=StopSection,
        description="What ends an answer, besides the model's own end of turn.",
        examples=[{"tokens": ["<|im_end|>"]}],
    )
    reasoning: ReasoningSection = Field(
        default_factory=ReasoningSection,
        description="How the model thinks, and how its thinking is shown.",
        examples=[{"effort": "medium", "expose": "reasoning_content"}],
    )
    tools: ToolsSection = Field(
        default_factory=ToolsSection,
        description="How the model calls tools.",
        examples=[{"format": "tool_call", "in_reasoning": "text"}],
    )
    output: OutputSection = Field(
        default_factory=OutputSection,
        description="What the answer must look like, unless a request says so itself.",
        examples=[{"json_schema": "${file:schemas/invoice.json}"}],
    )
    engine: EngineSection = Field(
        default_factory=EngineSection,
        description="How the model is run.",
        examples=[{"concurrency": 4, "prompt_cache": {"bytes": "1GiB"}}],
    )
    request_policy: RequestPolicySection = Field(
        default_factory=RequestPolicySection,
        description="What a request to `mlxk up` may say over the profile. What is not named here, it may.",
        examples=[{"locked": ["temperature"], "clamp": {"max_tokens": {"max": 1024}}}],
    )


class Residence(Section):
    """When a model of `mlxk up` is in memory."""

    preload: bool | None = Field(
        None,
        description="Load the model when the server starts, rather than when it is first asked. Without it, "
        "a profile's only model is loaded, and the entries of `models` are not.",
        examples=[True],
    )
    ttl: Text = Field(
        "never",
        description="Unload the model when nobody used it for this long: a number with s, m or h; `never` "
        "keeps it.",
        examples=["15m", "30s", "2h", "never"],
        json_schema_extra={"pattern": r"^([0-9]+(\.[0-9]+)?[smh]|never|\$\{.*)$"},
    )


class Variant(Settings):
    """The same model with other settings: `mlxk run -p NAME --variant VARIANT`."""

    description: str | None = Field(
        None, description="What this variant is for, in one line.", examples=["Thinks longer."]
    )


class Defaults(Residence, Settings):
    """What the entries of `models` have in common."""


class ModelEntry(Residence, Settings):
    """One model among several behind one server."""

    description: str | None = Field(
        None, description="What this model is for, in one line.", examples=["Writes code."]
    )
    extends: Annotated[list[Text], BeforeValidator(_listed)] = Field(
        default_factory=list,
        description="Profiles that this entry builds on, by name. Later ones win over earlier ones.",
        examples=["gptoss-server"],
    )
    model: Annotated[ModelSection | None, BeforeValidator(_model_shorthand)] = Field(
        None,
        description="Which model: a reference on the Hugging Face Hub, a folder, or a mapping.",
        examples=["mlx-community/Qwen3-4B-Instruct-2507-4bit"],
    )
    aliases: list[Text] = Field(
        default_factory=list,
        description="Further names that clients may use for this model.",
        examples=[["gpt-4o-mini"]],
    )
    variants: dict[str, Variant] = Field(
        default_factory=dict,
        description="The same weights in memory under further names, with other settings.",
        examples=[{"oss-high": {"reasoning": {"effort": "high"}}}],
    )


class MemorySection(Section):
    """How much `mlxk up` keeps in memory."""

    max_models: int | None = Field(
        None,
        ge=1,
        description="How many models may be in memory at a time; the one unused for longest makes room. "
        "Without it, all of them.",
        examples=[1, 2],
    )


MODELS: Any = Field(
    default_factory=dict,
    description="Several models behind one server, by the name that clients use. Instead of `model`.",
    examples=[{"small": {"model": "mlx-community/Qwen3-4B-Instruct-2507-4bit", "preload": True}}],
)


class Profile(Residence, Settings):
    """A resolved profile."""

    mlxk: Literal[1] = 1
    description: str | None = None
    aliases: list[Text] = Field(default_factory=list)
    model: Annotated[ModelSection, BeforeValidator(_model_shorthand)]
    server: ServerSection = Field(default_factory=ServerSection)
    models: dict[str, ModelEntry] = Field(default_factory=dict)
    defaults: Defaults | None = None
    memory: MemorySection = Field(default_factory=MemorySection)
