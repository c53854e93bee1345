"""The profile language's shape, version 1: what a resolved profile is, one module per section.

These models see plain values only, after layers were merged, `key+:` applied and `${…}` interpolated.
Each key here works end to end; a key that does nothing does not exist. Names are final. Descriptions and
examples are what an editor shows on hover.
"""

from mlxk.config.schema.engine import EngineSection, PromptCacheSection
from mlxk.config.schema.log import LogSection
from mlxk.config.schema.memory import MemorySection, Residence
from mlxk.config.schema.model import DraftSection, ModelOverride, ModelSection, model_table
from mlxk.config.schema.profile import MODELS, Defaults, ModelEntry, Profile, Settings, Variant
from mlxk.config.schema.reasoning import ReasoningFormat, ReasoningSection
from mlxk.config.schema.request_policy import (
    Bounds,
    ClampSection,
    CountBounds,
    RequestParameter,
    RequestPolicySection,
)
from mlxk.config.schema.sampling import SamplingSection
from mlxk.config.schema.section import Section, Text
from mlxk.config.schema.server import KeyLimitsSection, ServerSection
from mlxk.config.schema.tools import ToolFormatName

__all__ = [
    "MODELS",
    "Bounds",
    "ClampSection",
    "CountBounds",
    "Defaults",
    "DraftSection",
    "EngineSection",
    "KeyLimitsSection",
    "LogSection",
    "MemorySection",
    "ModelEntry",
    "ModelOverride",
    "ModelSection",
    "Profile",
    "PromptCacheSection",
    "ReasoningFormat",
    "ReasoningSection",
    "RequestParameter",
    "RequestPolicySection",
    "Residence",
    "SamplingSection",
    "Section",
    "ServerSection",
    "Settings",
    "Text",
    "ToolFormatName",
    "Variant",
    "model_table",
]
