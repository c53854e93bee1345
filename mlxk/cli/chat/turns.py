"""Commands about the turns: /retry, /edit, /undo, /clear, /file, /load, /export."""

from __future__ import annotations

from mlxk.cli.attachments import attachment
from mlxk.cli.chat.command import Ask, Edit, Outcome
from mlxk.cli.chat.session import Chat
from mlxk.cli.chat.transcript import Transcript, load, save
from mlxk.errors import UsageError

_NOTHING = "there is no question yet"


async def retry(chat: Chat, text: str) -> Outcome:
    question = chat.conversation.take_back()
    if question is None:
        raise UsageError(_NOTHING)
    return Ask(question)


async def edit(chat: Chat, text: str) -> Outcome:
    if chat.conversation.last_question is None:
        raise UsageError(_NOTHING)
    if not text and not chat.can_edit:
        raise UsageError("there is no line to edit here", hint="say the new question: /edit TEXT")
    question = chat.conversation.take_back()
    await chat.measure()
    return Ask(text) if text else Edit(question or "")


async def undo(chat: Chat, text: str) -> Outcome:
    if chat.conversation.take_back() is None:
        raise UsageError("there is nothing to undo")
    await chat.measure()
    chat.say(f"the last question and its answer are gone; {_count(chat.conversation.questions)} left")
    return None


async def clear(chat: Chat, text: str) -> Outcome:
    chat.conversation.clear()
    chat.attached.clear()
    await chat.measure()
    chat.say("the conversation is empty; the settings stay")
    return None


async def file(chat: Chat, text: str) -> Outcome:
    if text == "-":
        chat.attached.clear()
    elif text:
        body = attachment(text)
        chat.attached.append((text, body))
        tokens = chat.loaded.text.count(body)
        chat.say(f"{text}: {tokens:,} tokens, before your next question; /file - drops it")
        return None
    names = ", ".join(name for name, _ in chat.attached)
    chat.say(f"before your next question: {names or 'no file'}")
    return None


async def load_(chat: Chat, text: str) -> Outcome:
    if not text:
        raise UsageError("which file?", hint="/load NAME.json")
    found = load(text)
    system = chat.plan.profile.system
    if found.system is not None and found.system != system:
        await chat.become(chat.settings.with_value("system", found.system))
    chat.conversation.replace(found.messages)
    await chat.measure()
    chat.say(f"{_count(chat.conversation.questions)}, {chat.context_used:,} tokens, from {text}")
    return None


async def export(chat: Chat, text: str) -> Outcome:
    name = text.removeprefix("--force").strip()
    if not name:
        raise UsageError("which file?", hint="/export NAME.md or /export NAME.json")
    transcript = Transcript(
        tuple(chat.conversation.messages),
        chat.plan.profile.system,
        chat.plan.facts.reference,
        chat.settings.profile.profile,
    )
    save(transcript, name, replace=text.startswith("--force"))
    chat.say(f"{_count(chat.conversation.questions)} in {name}")
    return None


def _count(questions: int) -> str:
    return f"{questions} question" if questions == 1 else f"{questions} questions"
