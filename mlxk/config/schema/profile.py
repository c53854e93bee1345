"""A whole profile, and the parts of one that its entries, variants and overrides may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mlxk.config.schema.engine import EngineSection
from mlxk.config.schema.log import LogSection
from mlxk.config.schema.memory import MemorySection, Residence
from mlxk.config.schema.model import ModelSection, ModelVariant, model_shorthand
from mlxk.config.schema.output import OutputSection
from mlxk.config.schema.reasoning import ReasoningSection
from mlxk.config.schema.request_policy import RequestPolicySection
from mlxk.config.schema.sampling import SamplingSection
from mlxk.config.schema.section import TAKES_EFFECT, Section, Text
from mlxk.config.schema.server import ServerSection
from mlxk.config.schema.stop import StopSection
from mlxk.config.schema.tokens import TokensSection
from mlxk.config.schema.tools import ToolsSection


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


class Variant(Settings):
    """The same model with other settings: `mlxk run -p NAME --variant VARIANT`."""

    model: ModelVariant = Field(
        default_factory=ModelVariant,
        description="Another adapter or chat template over the same weights.",
        examples=[{"adapter": "./adapters/sql"}],
    )

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
        description="Profiles that this entry builds on, by name or file. Later ones win over earlier ones.",
        examples=["gptoss-server", ["chat-default", "./team.yaml"]],
    )
    model: Annotated[ModelSection | None, BeforeValidator(model_shorthand)] = Field(
        None,
        description="Which model: a reference on the Hugging Face Hub, a folder, or a mapping.",
        examples=["mlx-community/Qwen3-4B-Instruct-2507-4bit"],
        json_schema_extra={TAKES_EFFECT: "reload"},
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
    model: Annotated[ModelSection, BeforeValidator(model_shorthand)] = Field(
        json_schema_extra={TAKES_EFFECT: "reload"}
    )
    server: ServerSection = Field(default_factory=ServerSection)
    log: LogSection = Field(default_factory=LogSection)
    models: dict[str, ModelEntry] = Field(default_factory=dict)
    defaults: Defaults | None = None
    memory: MemorySection = Field(default_factory=MemorySection)
