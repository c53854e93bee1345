"""From options to a loaded model: resolve, plan, check the files, start the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType

from mlxk import plan as plans
from mlxk.cli import memory
from mlxk.cli.facts import model_facts, model_parts
from mlxk.cli.names import profiles
from mlxk.cli.notes import note
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.cli.pins import check_locked
from mlxk.cli.waiting import waiting
from mlxk.config import Flag, Resolved, resolve
from mlxk.errors import ModelUnavailable, UsageError
from mlxk.generation import Loaded
from mlxk.hub import references
from mlxk.plan import Plan, Surface

_NO_FLAGS: Mapping[str, Flag] = MappingProxyType({})


def resolve_profile(
    options: ProfileOptions,
    generation: GenerationOptions,
    *,
    model: str | None = None,
    flags: Mapping[str, Flag] = _NO_FLAGS,
    typed: Sequence[str] = (),
    looks: bool = False,
) -> Resolved:
    """The profile that the options name, or a bare model; its warnings go to stderr. See `resolve`."""
    if options.profile is None and model is None:
        raise UsageError("name a profile with -p or a model", hint="mlxk profiles lists the profiles")
    resolved = resolve(
        options.profile,
        model=None if model is None else _named(model, options),
        sets=options.set_,
        flags={**generation.flags(), **flags},
        typed=typed,
        variant=options.variant,
        isolated=options.isolated,
        looks=looks,
        generation_config=lambda section: model_facts(section).generation_config,
    )
    for warning in resolved.warnings:
        note(f"warning: {warning}")
    if options.locked:
        check_locked(resolved, isolated=options.isolated)
    return resolved


def _named(model: str, options: ProfileOptions) -> str:
    try:
        return references.canonical(model)
    except ModelUnavailable as error:
        if model in profiles(isolated=options.isolated):
            raise ModelUnavailable(error.message, hint=f"for the profile {model}: -p {model}") from error
        raise


def tell_files(resolved: Resolved) -> None:
    """One line with the files that made the configuration, so that nobody has to guess which one won."""
    if resolved.files:
        note(f"files: {', '.join(resolved.files)}")


def make_plan(resolved: Resolved, surface: Surface) -> Plan:
    """Find the model's files and hold the profile against them."""
    if resolved.profile.models:
        raise UsageError(
            f"the profile {resolved.name} is for `mlxk up`: it has several models",
            hint="name a profile with one model, or a model",
        )
    return plans.make(
        resolved.profile,
        model_facts(resolved.profile.model),
        surface=surface,
        name=resolved.name,
        config_hash=resolved.config_hash,
        parts=model_parts(resolved.profile.model),
    )


@asynccontextmanager
async def loaded(plan: Plan) -> AsyncIterator[Loaded]:
    """A model for one command; its memory is given back on every way out.

    Raises `InsufficientMemory` before anything is loaded if it does not fit.
    """
    memory.check(plan)
    async with AsyncExitStack() as stack:
        with waiting(f"loading {plan.facts.reference}"):
            from mlxk.engine import engine_of
            from mlxk.text import TextModel

            # In a thread, so that Ctrl-C is heard meanwhile.
            text = await asyncio.to_thread(TextModel.load, plan.facts, plan.profile)
            engine = await stack.enter_async_context(engine_of(plan.engine_config))
        yield Loaded(plan, text, engine)
