"""Commands that tell how things stand: /tokens and /stats."""

from __future__ import annotations

from mlxk.cli.chat.command import Outcome
from mlxk.cli.chat.session import Chat


async def tokens(chat: Chat, text: str) -> Outcome:
    if text:
        chat.say(f"{chat.loaded.text.count(text):,} tokens")
        return None
    used, window = chat.context_used, chat.plan.context
    chat.say(f"{used:,} of {window:,} tokens are used, {max(window - used, 0):,} are free; {chat.when_full}")
    return None


async def stats(chat: Chat, text: str) -> Outcome:
    from mlxk.hub.sizes import show
    from mlxk.render.stats import stats_line

    engine = await chat.loaded.engine.stats()
    memory = f"memory {show(engine.active_bytes)}, peak {show(engine.peak_bytes)}"
    if chat.last is None:
        chat.say(f"no answer yet; {memory}")
        return None
    total = chat.totals
    chat.say(f"last answer: {stats_line(chat.last)}")
    answers = "1 answer" if total.answers == 1 else f"{total.answers} answers"
    chat.say(
        f"this chat: {answers}, {total.prompt_tokens:,} prompt tokens, "
        f"{total.completion_tokens:,} answer tokens, {total.seconds:.1f} s; {memory}"
    )
    return None


def status(chat: Chat, width: int) -> str:
    """One line of at most `width` characters, also while an answer comes; what matters least goes first."""
    from mlxk.render.stats import tokens_per_second

    plan, pace = chat.plan, chat.pace
    used = chat.context_used if pace is None else pace.context_used
    fields = [f"{used:,}/{plan.context:,} tokens ({used / plan.context:.0%})", plan.name]
    if plan.facts.reference != plan.name:
        fields.append(plan.facts.reference)
    if pace is not None:
        speed = pace.tokens_per_second
    else:
        speed = tokens_per_second(chat.last) if chat.last else None
    if speed is not None:
        fields.insert(1, f"{speed:.1f} tokens/s")
    if chat.attached:
        fields.insert(1, f"{len(chat.attached)} files")
    while len(fields) > 1 and len(" · ".join(fields)) > width:
        fields.pop()
    return " · ".join(fields)[:width]
