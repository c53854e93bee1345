"""Commands about what answers: /model and /profile. The conversation goes on with the new one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlxk.cli.chat.command import Outcome
from mlxk.cli.chat.session import Chat
from mlxk.config import catalogue
from mlxk.hub import references


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


def _tell(chat: Chat) -> None:
    plan = chat.plan
    chat.say(f"{plan.name}: {plan.facts.reference}, {plan.context:,} tokens; {chat.when_full}")


def _marked(current: str, names: Iterable[str]) -> list[str]:
    return [f"{'*' if name == current else ' '} {name}" for name in names]


def known_models(chat: Chat, text: str) -> list[str]:
    """Those on this machine."""
    from mlxk.hub.cache import cached_models

    return ["builtin:demo", *sorted({model.repo for model in cached_models()})]


def known_profiles(chat: Chat, text: str) -> list[str]:
    return sorted(item.name for item in catalogue(isolated=chat.settings.profile.isolated))
