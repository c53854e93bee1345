"""What answers made of choices share, chat's and completions': where reasoning goes, the envelope, usage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mlxk.errors import MlxkError
from mlxk.events import Completion, Start, Usage
from mlxk.protocols.base import Expose, Json, ModelCard
from mlxk.protocols.openai.common import DONE, error_body, frame, usage_body

# Where a piece of reasoning goes, by what the profile exposes.
REASONING_FIELDS: Mapping[Expose, tuple[str, ...]] = MappingProxyType(
    {
        "reasoning": ("reasoning",),
        "reasoning_content": ("reasoning_content",),
        "both": ("reasoning", "reasoning_content"),
        "inline": ("content",),
        "drop": (),
    }
)
# Around reasoning that is shown inline, as most models that think write it themselves.
INLINE_START, INLINE_END = "<think>\n", "\n</think>\n\n"


class ChoicesEncoder(ABC):
    """`per_prompt` consecutive choices share a prompt, which usage counts once."""

    ID_PREFIX: str
    WHOLE: str
    CHUNK: str

    def __init__(
        self, card: ModelCard, *, include_usage: bool, per_prompt: int, service_tier: bool = False
    ) -> None:
        self._card = card
        self._include_usage = include_usage
        self._per_prompt = per_prompt
        self._service_tier = service_tier
        self._reasoning_fields = REASONING_FIELDS[card.expose]
        self._inline = card.expose == "inline"
        self._start: Start | None = None
        self._usages: dict[int, Usage] = {}

    def end(self) -> bytes:
        if not self._include_usage or self._start is None:
            return DONE
        usages = [usage for _, usage in sorted(self._usages.items())]
        chunk = self._envelope(self._start, self.CHUNK)
        return frame({**chunk, "choices": [], "usage": usage_body(usages, self._per_prompt)}) + DONE

    def fail(self, error: MlxkError) -> bytes:
        return frame(error_body(error))

    def body(self, completions: Sequence[Completion]) -> Json:
        usages = [completion.finish.usage for completion in completions]
        return {
            **self._envelope(completions[0].start, self.WHOLE),
            "choices": [self._whole(index, completion) for index, completion in enumerate(completions)],
            "usage": usage_body(usages, self._per_prompt),
        }

    @abstractmethod
    def _whole(self, index: int, completion: Completion) -> Json:
        """One choice of an answer that did not stream."""

    def _envelope(self, start: Start, kind: str) -> dict[str, object]:
        """Who asked for a service tier is told the one there is."""
        tier = {"service_tier": "default"} if self._service_tier else {}
        return {
            "id": f"{self.ID_PREFIX}{start.id}",
            "object": kind,
            "created": start.created,
            "model": start.model,
            "system_fingerprint": self._card.config_hash,
            **tier,
        }
