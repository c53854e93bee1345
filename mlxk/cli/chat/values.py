"""Commands about settings: /set, /unset, /system, /show, /save."""

from __future__ import annotations

from collections.abc import Iterable

from mlxk.cli.chat import saving, settings
from mlxk.cli.chat.command import Outcome
from mlxk.cli.chat.session import Chat
from mlxk.cli.explain import explained
from mlxk.config.origins import dotted
from mlxk.config.printing import as_yaml, inline
from mlxk.config.values import Table, is_unset, lookup
from mlxk.errors import UsageError

_SHOWN = ("system", "sampling", "tokens", "stop", "reasoning", "output")
_TOPICS = ("reasoning", "messages", "profile", "set")


async def set_(chat: Chat, text: str) -> Outcome:
    key, equals, value = text.partition("=")
    if not equals or " " in key.strip():
        key, _, value = text.partition(" ")
    key, value = key.strip(), value.strip()
    if not key:
        return await show(chat, "set")
    if not value:
        return await show(chat, key)
    loads = await chat.become(chat.settings.with_value(key, value))
    _tell(chat, settings.full_key(key), loads)
    return None


async def unset(chat: Chat, text: str) -> Outcome:
    if not text:
        raise UsageError("which setting?", hint="/unset temperature")
    loads = await chat.become(chat.settings.without(text))
    _tell(chat, settings.full_key(text), loads)
    return None


async def system(chat: Chat, text: str) -> Outcome:
    if text:
        return await set_(chat, f"system {text}")
    chat.say(chat.plan.profile.system or "no system prompt; /system TEXT sets one")
    return None


async def show(chat: Chat, text: str) -> Outcome:
    topic, _, value = text.partition(" ")
    if topic == "reasoning":
        if value:
            return await set_(chat, f"reasoning.show {value}")
        chat.say(chat.conversation.last_reasoning or "no answer had reasoning yet")
    elif topic == "messages":
        turns = [f"{each.role}: {each.content}" for each in chat.conversation.messages]
        chat.say("\n\n".join(turns) or "no messages yet")
    elif topic == "set":
        said = [f"{key}: {value}" for key, value in chat.settings.said.items()]
        chat.say("\n".join(said) or "nothing was set in this chat")
    elif topic in ("", "profile"):
        tree = chat.resolved.tree
        kept = tree.entries if topic else {key: tree.entries[key] for key in _SHOWN if key in tree.entries}
        plan = chat.plan
        chat.say(f"# {plan.name}: {plan.facts.reference}, {plan.context:,} tokens")
        chat.say(as_yaml(Table(kept, tree.origin), origins=True))
    else:
        chat.say(explained(chat.resolved, settings.path_of(text)))
    return None


async def save(chat: Chat, text: str) -> Outcome:
    if not chat.settings.said:
        raise UsageError("nothing was set in this chat", hint="/set KEY VALUE first")
    if not text:
        raise UsageError("save where?", hint=f"/save {' | '.join(saving.LAYERS)} | FILE.yaml")
    for line in saving.save(chat, text):
        chat.say(line)
    return None


def _tell(chat: Chat, key: str, loads: bool) -> None:
    path = settings.path_of(key)
    node = lookup(chat.resolved.tree, path)
    shown = "not set" if node is None or is_unset(node) else inline(node)
    loaded = "; the model was loaded anew" if loads else ""
    chat.say(f"{dotted(path)}: {shown}  # {chat.resolved.origin(path)}{loaded}")


def keys(chat: Chat, text: str) -> Iterable[str]:
    """Keys, then the values of a choice."""
    key, space, _ = text.partition(" ")
    if not space:
        return (*settings.short_keys(), *settings.leaf_keys(), "system")
    try:
        return [f"{key} {value}" for value in settings.choices(key)]
    except UsageError:
        return ()


def said_keys(chat: Chat, text: str) -> Iterable[str]:
    return chat.settings.said


def topics(chat: Chat, text: str) -> Iterable[str]:
    shows = [f"reasoning {value}" for value in settings.choices("reasoning.show")]
    return (*_TOPICS, *shows, *settings.short_keys())


def layers(chat: Chat, text: str) -> Iterable[str]:
    return saving.LAYERS
