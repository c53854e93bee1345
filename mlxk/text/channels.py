"""The output grammars of models that speak in messages: a header, then a body, one after another.

Harmony (gpt-oss) and its like. Which model speaks which is in `presets`.
"""

from __future__ import annotations

from collections.abc import Callable

from mlxk.text.grammar import ROUTED, Exit, Grammar, Route, State
from mlxk.text.tools import readers
from mlxk.text.tools.format import CallReader, ReaderContext, ToolFormat
from mlxk.text.tools.headed import OnlyArguments

HARMONY_CALL = ToolFormat("harmony", OnlyArguments)
_HARMONY_WORDS = ("assistant", "user", "system", "developer", "tool", "functions.", "to=")
# Models lose a `<|channel|>` at times, and write a content type with or without `<|constrain|>`.
_HARMONY_FILLERS = ("analysis", "commentary", "final", "json", "code")
# Recipients that are no tools: such a message is for the reader of its channel.
_HARMONY_TOOL = r"\bto=(?!(?:assistant|user|system|all)\b)(?:functions\.)?(?P<name>[^\s<]+)"


def harmony() -> Grammar:
    """OpenAI's harmony: messages of a header and a body, in channels, some of them to a tool.

    Source: the harmony response format of gpt-oss. A recipient makes a message a tool call in whichever
    channel it stands; commentary without one is a preamble, shown as text; a message without a channel,
    and text without any header, is the answer.
    """
    leave = (
        Exit("<|end|>", "header"),
        Exit("<|return|>", "header"),
        Exit("<|call|>", "header"),
        Exit("<|start|>", "header"),
        Exit("<|channel|>", "channel"),
    )
    routes = (
        Route(_HARMONY_TOOL, "call"),
        Route(r"(?:^|^assistant|<\|channel\|>)\s*analysis\b", "analysis"),
        Route(r"(?:^|^assistant|<\|channel\|>)\s*commentary\b", "commentary"),
        Route(r"", "final"),
    )
    header = (
        Exit("<|message|>", ROUTED),
        Exit("<|start|>", "header"),
        Exit("<|end|>", "header"),
        Exit("<|return|>", "header"),
        Exit("<|call|>", "header"),
    )
    states = (
        State("final", "text", leave),
        State("commentary", "text", leave),
        State("analysis", "reasoning", leave),
        State("call", "tool", leave, tool=HARMONY_CALL),
        State("header", "header", header, routes, _HARMONY_WORDS, _HARMONY_FILLERS),
        State("channel", "header", header, routes),
    )
    return Grammar(
        "harmony",
        _named(states),
        initial="header",
        turn="<|start|>",
        trim=False,
        ends=("<|return|>", "<|call|>"),
        budget=(
            "<|channel|>analysis<|message|>",
            "<|end|><|start|>assistant<|channel|>final<|message|>",
        ),
    )


def muse() -> Grammar:
    """Muse Spark: `to=self<|message|>reasoning<|eom|>`, then messages to the user.

    Source: mlx-lm's `chat_templates/muse_spark.py`.
    """
    leave = (Exit("<|eom|>", "header"), Exit("<|eot|>", "header"), Exit("<|start|>", "header"))
    header = (Exit("<|message|>", ROUTED), Exit("<|start|>", "header"), Exit("<|eom|>", "header"))
    routes = (Route(r"\bto=self\b", "reasoning"), Route(r"", "text"))
    states = (
        State("text", "text", leave),
        State("reasoning", "reasoning", leave),
        State("header", "header", header, routes, ("assistant", "to=")),
    )
    return Grammar(
        "muse",
        _named(states),
        initial="header",
        turn="<|start|>",
        ends=("<|eot|>",),
        budget=("to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>"),
    )


def solar() -> Grammar:
    """Solar Open: `<|think|>…<|end|>`, `<|content|>…<|end|>` and `<|tool_calls|>…<|calls|>`, each a message.

    Source: the chat template of Solar-Open-100B.
    """
    bodies = (Exit("<|think|>", "reasoning"), Exit("<|content|>", "text"), Exit("<|tool_calls|>", "call"))
    leave = (
        Exit("<|end|>", "header"),
        Exit("<|calls|>", "header"),
        Exit("<|begin|>", "header"),
        Exit("<|flush|>", "header"),
        *bodies,
    )
    return _told_by_delimiter(
        "solar",
        leave,
        readers.solar,
        turn="<|begin|>",
        ends=("<|calls|>", "<|flush|>"),
        budget=("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    )


def inkling() -> Grammar:
    """Messages of one kind each: thinking, text, or a call in JSON. Source: vLLM's `parser/inkling.py`."""
    leave = (
        Exit("<|end_message|>", "header"),
        Exit("<|content_model_end_sampling|>", "header"),
        Exit("<|message_model|>", "header"),
        Exit("<|content_thinking|>", "reasoning"),
        Exit("<|content_text|>", "text"),
        Exit("<|content_invoke_tool_json|>", "call"),
    )
    return _told_by_delimiter(
        "inkling",
        leave,
        readers.json_calls,
        turn="<|message_model|>",
        ends=("<|content_model_end_sampling|>",),
        budget=("<|content_thinking|>", "<|end_message|><|message_model|><|content_text|>"),
    )


def _told_by_delimiter(
    name: str,
    leave: tuple[Exit, ...],
    reader: Callable[[ReaderContext], CallReader],
    *,
    turn: str,
    ends: tuple[str, ...],
    budget: tuple[str, str],
) -> Grammar:
    """Messages whose body begins with a delimiter that says what they are; `leave` is possible everywhere."""
    states = (
        State("text", "text", leave),
        State("reasoning", "reasoning", leave),
        State("call", "tool", leave, tool=ToolFormat(name, reader)),
        State("header", "header", leave, words=("assistant",)),
    )
    return Grammar(name, _named(states), initial="header", turn=turn, ends=ends, budget=budget)


def functionary() -> Grammar:
    """Functionary 3.2: `>>>all` and the answer, or `>>>name` and a call's arguments; the prompt wrote `>>>`.

    Source: the chat template of functionary-medium-v3.2.
    """
    call = ToolFormat("functionary", readers.functionary)
    header = (Exit("\n", ROUTED), Exit(">>>", "header"))
    routes = (Route(r"^all\s*$", "text"), Route(r"^(?P<name>[\w.-]+)\s*$", "named"))
    states = (
        State("text", "text", (Exit(">>>all\n", "text"), Exit(">>>", "call"))),
        State("call", "tool", (Exit(">>>all\n", "text"), Exit(">>>", "call")), tool=call),
        State("named", "tool", (Exit(">>>all\n", "text"), Exit(">>>", "call")), tool=HARMONY_CALL),
        State("header", "header", header, routes),
    )
    return Grammar("functionary", _named(states), initial="header", turn=">>>", trim=False)


def _named(states: tuple[State, ...]) -> dict[str, State]:
    return {state.name: state for state in states}
