"""Commands about what answers: /model, /profile and /variant. The conversation goes on with the new one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlxk.cli import names
from mlxk.cli.chat.command import Outcome
from mlxk.cli.chat.session import Chat
from mlxk.hub import references

# What leaves the variant again.
_NO_VARIANT = "none"


async def model(chat: Chat, text: str) -> Outcome:
    if not text:
        chat.say("\n".join(_marked(chat.plan.facts.reference, known_models(chat, ""))))
        return None
    name = references.canonical(text)
    if chat.settings.model is not None:
        settings = replace(chat.settings, model=name)
    else:
        settings = chat.settings.with_value("model", name)
    await chat.become(settings)
    _tell(chat)
    return None


async def profile(chat: Chat, text: str) -> Outcome:
    if not text:
        chat.say("\n".join(_marked(chat.plan.name, known_profiles(chat, ""))))
        return None
    await chat.become(chat.settings.of_profile(text))
    _tell(chat)
    return None


async def variant(chat: Chat, text: str) -> Outcome:
    chosen = chat.settings.profile.variant
    if not text:
        known = _marked(chosen, chat.resolved.variants)
        chat.say("\n".join(known) or f"{chat.resolved.name} has no variants")
        return None
    wanted = None if text == _NO_VARIANT else text
    await chat.become(replace(chat.settings, profile=replace(chat.settings.profile, variant=wanted)))
    _tell(chat)
    return None


def _tell(chat: Chat) -> None:
    plan = chat.plan
    chat.say(f"{plan.name}: {plan.facts.reference}, {plan.context:,} tokens; {chat.when_full}")


def _marked(current: str | None, names: Iterable[str]) -> list[str]:
    return [f"{'*' if name == current else ' '} {name}" for name in names]


def known_models(chat: Chat, text: str) -> list[str]:
    """Those on this machine."""
    return names.models()


def known_profiles(chat: Chat, text: str) -> list[str]:
    """Profiles; behind a colon, the variants of one."""
    isolated = chat.settings.profile.isolated
    name, colon, _ = text.partition(":")
    if colon:
        return [f"{name}:{each}" for each in names.variants(name, isolated=isolated)]
    return names.profiles(isolated=isolated)


def known_variants(chat: Chat, text: str) -> tuple[str, ...]:
    return (*chat.resolved.variants, *([_NO_VARIANT] if chat.settings.profile.variant else []))
