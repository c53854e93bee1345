"""From a resolved profile and the model's facts to what every generation needs: the frozen `Plan`.

The plan owns the token budget: window - prompt - answer. An explicit number is honoured or refused, never
cut in silence. When nobody named a limit, `run` and `chat` may use all of the window and a server a share of
it, so that one request cannot occupy a shared machine for a whole context.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from mlxk.config.notation import byte_count
from mlxk.config.schema import Profile, SamplingSection
from mlxk.config.schema.engine import HostSection
from mlxk.engine.base import Distributed, Draft, EngineConfig, Host, KVQuantization, PromptFolder
from mlxk.errors import ContextLengthExceeded, ModelError, RequestError
from mlxk.hub.facts import ModelFacts, check_code
from mlxk.hub.parts import Parts
from mlxk.requests import (
    GenerationRequest,
    Grammar,
    JsonSchema,
    Overflow,
    Regex,
    ResponseFormat,
    SamplingParams,
    Unsupported,
)

Surface = Literal["run", "server"]

_UINT64_MASK = (1 << 64) - 1
# The part of the window that `truncate_oldest` keeps free for an answer of no stated length.
_RESERVED_PART = 8
# What can be done about a prompt that does not fit.
_WHEN_FULL: Mapping[Overflow, str] = MappingProxyType(
    {
        "error": "shorten the conversation, or let the profile say `tokens: {overflow: truncate_oldest}`",
        "truncate_oldest": "shorten the last question: the turns before it are left out already",
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One model under one profile, on one surface. Lengths in tokens."""

    name: str
    profile: Profile
    facts: ModelFacts
    surface: Surface
    config_hash: str
    parts: Parts = field(default_factory=Parts)

    @property
    def context(self) -> int:
        """The window that generations may use: the profile's, or all of the model's."""
        return self.profile.tokens.context or self.facts.context_length

    @property
    def engine_config(self) -> EngineConfig:
        engine = self.profile.engine
        return EngineConfig(
            model_path=str(self.facts.path),
            context_length=self.context,
            isolation=engine.isolation or ("thread" if self.surface == "run" else "process"),
            tokenizer_path=None if self.facts.other_tokenizer is None else str(self.facts.other_tokenizer),
            adapters=() if self.adapter is None else (self.adapter,),
            draft=self._draft,
            kv=self._kv,
            trust_remote_code=self.profile.model.trust_remote_code,
            max_concurrency=engine.concurrency,
            prefill_step=engine.prefill_step,
            prompt_cache_bytes=byte_count(engine.prompt_cache.bytes) or 0,
            prompt_cache_entries=engine.prompt_cache.entries,
            prompt_folder=self._prompt_folder,
            prepare_constraints=self.surface == "server",
            distributed=self._distributed,
        )

    @property
    def adapter(self) -> str | None:
        """The folder of the adapter that this plan's generations take."""
        return None if self.parts.adapter is None else str(self.parts.adapter.path)

    @property
    def _draft(self) -> Draft | None:
        section, draft = self.profile.model.draft, self.parts.draft
        if section is None or draft is None:
            return None
        return Draft(model_path=str(draft.path), tokens=section.tokens)

    @property
    def _kv(self) -> KVQuantization | None:
        engine = self.profile.engine
        if engine.kv_bits is None:
            return None
        return KVQuantization(
            bits=engine.kv_bits, group_size=engine.kv_group_size, start=engine.quantized_kv_start
        )

    @property
    def _distributed(self) -> Distributed | None:
        section = self.profile.engine.distributed
        if section is None:
            return None
        return Distributed(
            hosts=tuple(_host(host) for host in section.hosts),
            backend=section.backend,
            mode=section.mode,
            port=section.port,
            python=section.python,
        )

    @property
    def _prompt_folder(self) -> PromptFolder | None:
        cache = self.profile.engine.prompt_cache
        if cache.path is None:
            return None
        return PromptFolder(path=cache.path, max_bytes=byte_count(cache.disk_bytes) or 0)

    @property
    def response_format(self) -> ResponseFormat | None:
        """What the profile wants answers to look like."""
        output = self.profile.output
        if output.json_schema is not None:
            return JsonSchema(output.json_schema)
        if output.regex is not None:
            return Regex(output.regex)
        return None if output.grammar is None else Grammar(output.grammar)

    @property
    def sampling(self) -> SamplingParams:
        """The profile's sampling, before a request's own wishes."""
        return _sampling_params(self.profile.sampling)

    def sampling_for(self, request: GenerationRequest) -> SamplingParams:
        """profile < request."""
        sampling = replace(self.sampling, **request.sampling)
        if sampling.seed is None or not request.choice:
            return sampling
        return replace(sampling, seed=(sampling.seed + request.choice) & _UINT64_MASK)

    def overflow(self, request: GenerationRequest) -> Overflow:
        """What becomes of a prompt that is too long."""
        return request.overflow or self.profile.tokens.overflow

    def prompt_limit(self, request: GenerationRequest) -> int:
        """The longest prompt that leaves room for the answer: what truncation aims at.

        A number of tokens that the answer need not have takes no more of the window than others do.
        """
        window = self.window(request)
        if request.max_tokens is not None and not request.fill_context:
            return max(window - request.max_tokens, 0)
        most = request.max_tokens or self.profile.tokens.max_output or window
        return window - min(most, window // _RESERVED_PART)

    def held(self, request: GenerationRequest) -> GenerationRequest:
        """The request, with a window that is larger than the plan's marked as one that cannot be had."""
        if request.context is None or request.context <= self.context:
            return request
        reason = f"a window of {request.context} tokens is more than the {self.context} of this model"
        return replace(request, unsupported=(*request.unsupported, Unsupported("num_ctx", reason)))

    def window(self, request: GenerationRequest) -> int:
        """The window of this generation: the request's, within the plan's."""
        return self.context if request.context is None else min(request.context, self.context)

    def max_tokens(self, prompt_tokens: int, request: GenerationRequest) -> int:
        """How many tokens this generation may sample; raises `ContextLengthExceeded` or `RequestError`."""
        window = self.window(request)
        room = window - prompt_tokens
        if room < 1:
            raise ContextLengthExceeded(
                f"the prompt has {prompt_tokens} tokens, and the context window holds {window}",
                hint=_WHEN_FULL[self.overflow(request)] if request.prompt is None else "shorten the prompt",
                param="messages" if request.prompt is None else "prompt",
            )
        limit = self.profile.tokens.max_output
        if request.max_tokens is None:
            return max(min(room, self._usual(window, request)), 1)
        wanted = min(request.max_tokens, room) if request.fill_context else request.max_tokens
        return self._explicit(wanted, prompt_tokens, room, limit)

    def _usual(self, window: int, request: GenerationRequest) -> int:
        """The most tokens of an answer for which nobody named a number."""
        tokens, ceiling = self.profile.tokens, self.profile.request_policy.clamp.max_tokens.max
        part = (
            1.0
            if request.fill_context
            else tokens.share.run
            if self.surface == "run"
            else tokens.share.server
        )
        most = int(window * part) if tokens.max_output is None else tokens.max_output
        return most if ceiling is None or self.surface == "run" else min(most, ceiling)

    def _explicit(self, wanted: int, prompt_tokens: int, room: int, limit: int | None) -> int:
        if limit is not None and wanted > limit:
            raise RequestError(
                f"{wanted} output tokens were asked for, and the profile allows {limit}",
                hint="ask for fewer, or raise `tokens.max_output` in the profile",
                param="max_tokens",
            )
        if wanted > room:
            raise ContextLengthExceeded(
                f"{prompt_tokens} prompt tokens and {wanted} output tokens do not fit the context window of "
                f"{prompt_tokens + room}",
                hint=f"ask for at most {room} output tokens, or shorten the prompt",
                param="max_tokens",
            )
        return wanted


def make(
    profile: Profile,
    facts: ModelFacts,
    *,
    surface: Surface,
    name: str,
    config_hash: str,
    parts: Parts | None = None,
) -> Plan:
    """Hold the profile against the model; raises `ModelError` where it asks for what the model lacks."""
    check_code(facts, trusted=profile.model.trust_remote_code)
    context = profile.tokens.context
    if context is not None and context > facts.context_length:
        raise ModelError(
            f"the profile asks for a context of {context} tokens, and {facts.reference} has "
            f"{facts.context_length}",
            hint="lower `tokens.context`, or leave it out for all of the model's window",
        )
    return Plan(name, profile, facts, surface, config_hash, parts or Parts())


def _host(host: str | HostSection) -> Host:
    if isinstance(host, str):
        return Host(ssh=host, ips=(host,))
    return Host(ssh=host.ssh, ips=tuple(host.ips), rdma=tuple(host.rdma))


def _sampling_params(section: SamplingSection) -> SamplingParams:
    values = section.model_dump()
    values["logit_bias"] = tuple(sorted(section.logit_bias.items()))
    values["xtc_special_tokens"] = tuple(section.xtc_special_tokens)
    return SamplingParams(**values)
