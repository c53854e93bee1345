"""`mlxk up`: serve a profile.

The order keeps a failure from leaving anything half-started: the profile is resolved, the model's files are
checked, the socket is bound, and only then is the engine's process started.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from mlxk.cli.loading import make_plan, model_facts, resolve_profile
from mlxk.cli.memory import Fit, fit_of, limit_of
from mlxk.cli.notes import note
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.config import Flag
from mlxk.config.checks import seconds
from mlxk.config.models import resolve_models
from mlxk.config.schema import LogSection, Profile, ServerSection
from mlxk.config.schema.server import ApiKey, KeyLimitsSection
from mlxk.plan import Plan

if TYPE_CHECKING:
    from mlxk.requests import GenerationRequest
    from mlxk.server.models import ServedModel
    from mlxk.server.pool import Pool
    from mlxk.server.quota import KeyLimits
    from mlxk.server.slot import Slot

logger = logging.getLogger(__name__)

_NO_GENERATION_OPTIONS = GenerationOptions()


def up(
    profile: str,
    *,
    listen: str | None = None,
    variant: str | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = (),
    isolated: Annotated[bool, Parameter(negative="")] = False,
    locked: Annotated[bool, Parameter(negative="")] = False,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    log_level: Literal["debug", "info", "warning", "error"] | None = None,
    log_format: Literal["text", "json"] | None = None,
) -> int:
    """Serve a profile over HTTP until Ctrl-C or SIGTERM.

    Running answers may finish; a second Ctrl-C ends them. The model lives in a process of its own, which is
    started again if it dies.

    Examples:
        mlxk up demo
        mlxk up profiles/gptoss-server.yaml --listen 127.0.0.1:9000
        mlxk up demo --set sampling.temperature=0.2 --set tokens.max_output=512

    Parameters
    ----------
    profile
        A profile's name or its file.
    listen
        Address and port; port 0 takes a free one.
    variant
        One of the profile's variants.
    set_
        Set one value over the profile, such as sampling.top_p=0.9. May be given again.
    isolated
        Use the profile alone: no mlxk.yaml, no user file.
    locked
        Refuse a model whose files differ from mlxk.lock; see `mlxk lock`.
    log_level
        What is worth a line on stderr; info tells of each request.
    log_format
        text for people, json for programs.
    """
    asked = {"server.listen": listen, "log.level": log_level, "log.format": log_format}
    flags = {
        key: Flag(value, f"--{key.removeprefix('server.').replace('.', '-')}")
        for key, value in asked.items()
        if value is not None
    }
    options = ProfileOptions(profile=profile, variant=variant, set_=set_, isolated=isolated, locked=locked)
    resolved = resolve_profile(options, generation, flags=flags)
    served = resolve_models(
        resolved,
        isolated=isolated,
        generation_config=lambda section: model_facts(section).generation_config,
    )
    plans = [make_plan(item, "server") for item in served.values()]
    from mlxk.server.logs import logging_to

    log = resolved.profile.log
    with logging_to(sys.stderr, format=log.format, level=log.level):
        files = tuple(dict.fromkeys(file for item in served.values() for file in item.files))
        _announce(log, f"files: {', '.join(files)}", files=files)
        _serve(resolved.profile, plans)
    return 0


def _announce(log: LogSection, line: str, **fields: object) -> None:
    """A line for the person who started the server, whatever the level; a record where programs read."""
    if log.format == "text":
        note(line)
    else:
        logger.info("%s", line, extra={"fields": fields})


def _serve(profile: Profile, plans: Sequence[Plan]) -> None:
    from mlxk.engine import shared
    from mlxk.server.guard import Guard
    from mlxk.server.keys import Keyring
    from mlxk.server.limits import Limits
    from mlxk.server.listen import listening, own_host, tls_context, url
    from mlxk.server.pool import Pool
    from mlxk.server.serve import serve

    server = profile.server
    tls = tls_context(Path(server.tls.certificate), Path(server.tls.key)) if server.tls else None
    with listening(server.listen) as sock:
        limit = limit_of(profile.memory)
        pool = Pool(
            max_models=profile.memory.max_models,
            budget=limit.bytes,
            patience=seconds(profile.memory.wait) or 0.0,
        )
        loads = shared(plan.engine_config for plan in plans)
        models = [
            _served_model(plan, _slot(plan, profile, pool, fit_of(plan, limit, load)))
            for plan, load in zip(plans, loads, strict=True)
        ]

        def on_ready() -> None:
            names = ", ".join(f"{plan.name} ({plan.facts.reference})" for plan in plans)
            address = url(sock, tls=tls is not None)
            said = f"mlxk serves {names} at {address}, config {plans[0].config_hash[:12]}; Ctrl-C stops it"
            _announce(profile.log, said, address=address)

        serve(
            models,
            sock,
            guard=Guard(own_host(server.listen), keys=Keyring(_named_keys(server)), cors=server.cors),
            routes=server.routes,
            limits=Limits(
                max_body=server.limits.body,
                upload_seconds=server.limits.upload_seconds,
                queue=server.limits.queue,
                per_key=_key_limits(server.limits.per_key),
                named_keys=_limits_of_keys(server),
                stored_responses=server.limits.stored_responses,
                stored_bytes=server.limits.stored_bytes,
                drain_seconds=server.drain,
            ),
            log_content=profile.log.content,
            tls=tls,
            lifespan=lambda: pool,
            on_ready=on_ready,
        )


def _slot(plan: Plan, profile: Profile, pool: Pool, fit: Fit) -> Slot:
    """A profile's only model is loaded at once, one among several when it is first asked."""
    from mlxk.server.slot import Claim

    preload, ttl = plan.profile.preload, plan.profile.ttl
    return pool.slot(
        fit.load,
        name=plan.name,
        ttl=seconds(ttl),
        pinned=ttl == "never" or profile.memory.evict == "never",
        preload=not profile.models if preload is None else preload,
        claim=Claim(fit.counted, fit.refuse),
    )


def _served_model(plan: Plan, slot: Slot) -> ServedModel:
    from mlxk.generation import Loaded, generate
    from mlxk.server.cards import card_of
    from mlxk.server.models import ServedModel
    from mlxk.server.residence import GuardedResidence
    from mlxk.server.tokens import TextTokens
    from mlxk.text import TextModel

    loaded = Loaded(plan, TextModel.load(plan.facts, plan.profile), slot)

    async def count(request: GenerationRequest) -> int:
        prompt = await asyncio.to_thread(loaded.text.render, request)
        return len(prompt.tokens)

    return ServedModel(
        card_of(plan, loaded.text),
        lambda request: generate(loaded, request),
        count,
        slot.stats,
        TextTokens(loaded.text),
        GuardedResidence(slot, plan.profile),
    )


def _limits_of_keys(server: ServerSection) -> dict[str, KeyLimits]:
    """The limits of those keys that have some of their own."""
    return {
        item.name: _key_limits(item.limits)
        for item in server.api_keys
        if isinstance(item, ApiKey) and item.limits is not None
    }


def _key_limits(limits: KeyLimitsSection) -> KeyLimits:
    from mlxk.server.quota import KeyLimits

    return KeyLimits(limits.concurrency, limits.requests_per_minute)


def _named_keys(server: ServerSection) -> list[tuple[str, str]]:
    """Keys by name; one without a name is known by its place in the list."""
    return [
        (f"#{index}", item) if isinstance(item, str) else (item.name, item.key)
        for index, item in enumerate(server.api_keys, 1)
    ]
