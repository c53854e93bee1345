"""Named output grammars, and how a model's own is found.

The order: what the profile says (`reasoning.format` names a preset here, `reasoning.markers` is a grammar of
its own), then the first preset whose marks are in the vocabulary or in the chat template's text, then the
model's own response template, then plain text. A model's name is never looked at.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mlxk.errors import ProfileError
from mlxk.text import channels
from mlxk.text.grammar import Grammar, Span, spans
from mlxk.text.overlay import fits, overlay


@dataclass(frozen=True, slots=True)
class Preset:
    """A grammar by name. It is the model's when its marks stand in the template (see `_speaks`).

    `template_only`: tokens alone prove nothing. `either`: one mark in the template is proof enough.
    """

    name: str
    grammar: Grammar
    marks: tuple[str, ...]
    template_only: bool = False
    either: bool = False


def _pair(
    name: str,
    start: str,
    end: str,
    *,
    after: str = "\n\n",
    skip: tuple[str, ...] = (),
    marks: tuple[str, ...] | None = None,
    either: bool = False,
) -> Preset:
    grammar = spans(name, (Span(start, end),), after=after, skip=skip)
    return Preset(name, grammar, marks or (start, end), either=either)


PRESETS: tuple[Preset, ...] = (
    Preset("harmony", channels.harmony(), ("<|channel|>", "<|message|>", "<|start|>"), template_only=True),
    Preset("muse", channels.muse(), ("<|eom|>", "to=self", "<|message|>"), template_only=True),
    Preset("solar", channels.solar(), ("<|begin|>", "<|think|>", "<|content|>"), template_only=True),
    Preset("inkling", channels.inkling(), ("<|content_thinking|>", "<|end_message|>")),
    Preset(
        "functionary",
        channels.functionary(),
        (">>>all", "Respond in this format:\n>>>${recipient}"),
        template_only=True,
    ),
    Preset(
        "gemma",
        spans(
            "gemma",
            # The channel's name is left out at times.
            (Span("<|channel>thought", "<channel|>"), Span("<|channel>", "<channel|>")),
            after="",
        ),
        ("<|channel>", "<channel|>"),
    ),
    _pair("seed", "<seed:think>", "</seed:think>", after=""),
    _pair("mistral", "[THINK]", "[/THINK]", after=""),
    _pair("kimi", "◁think▷", "◁/think▷", after=""),
    _pair(
        "cohere",
        "<|START_THINKING|>",
        "<|END_THINKING|>",
        after="<|START_RESPONSE|>",
        skip=("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ),
    _pair("longcat", "<longcat_think>", "</longcat_think>"),
    _pair("think_tokens", "<|think:start|>", "<|think:end|>", after=""),
    _pair("inner", "<|inner_prefix|>", "<|inner_suffix|>", after=""),
    _pair(
        "xtml",
        "<|open|>think<|sep|>",
        "<|close|>think<|sep|>",
        after="<|open|>response<|sep|>",
        skip=("<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>"),
        marks=("<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"),
    ),
    _pair("minimax_m3", "<mm:think>", "</mm:think>", after=""),
    _pair("hunyuan", "<think:opensource>", "</think:opensource>", after=""),
    _pair("k2_horizon", "<ifm|think>", "</ifm|think>"),
    _pair("plamo", "<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>", after=""),
    _pair("pangu", "[unused16]", "[unused17]", after=""),
    _pair(
        "think_response",
        "<think>",
        "</think>",
        skip=("<response>", "</response>"),
        marks=("<think>", "</think>", "<response></response>"),
    ),
    _pair(
        "think_answer",
        "<think>",
        "</think>",
        skip=("<answer>", "</answer>"),
        marks=("<think>", "</think>", "<answer>"),
    ),
    _pair("think", "<think>", "</think>", either=True),
    _pair("thinking", "<thinking>", "</thinking>"),
    _pair("thought", "<thought>", "</thought>"),
    _pair("reasoning", "<reasoning>", "</reasoning>"),
    _pair(
        "begin_of_thought",
        "<|begin_of_thought|>",
        "<|end_of_thought|>",
        skip=("<|begin_of_solution|>", "<|end_of_solution|>"),
    ),
    _pair("granite", "Here is my thought process:", "Here is my response:"),
    _pair(
        "apriel",
        "Here are my reasoning steps:",
        "[BEGIN FINAL RESPONSE]",
        after="\n",
        skip=("[END FINAL RESPONSE]",),
    ),
    Preset("none", spans("none", ()), ()),
)

# Tokens that end an assistant's turn, wherever a chat template writes them; harmony's `<|end|>` is no such
# token, and a grammar that has it as a delimiter keeps it out.
END_OF_TURN = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<|end|>",
    "<end_of_turn>",
    "<turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|end_of_turn|>",
    "<|end_of_text|>",
    "<｜end▁of▁sentence｜>",
    "<seed:eos>",
    "[|endofturn|]",
    "<|assistant_end|>",
    "<|end_of_msg|>",
    "<|hy_eos|>",
    "<|role_end|>",
    "<|observation|>",
)


def resolve(
    template: str,
    vocabulary: Collection[str],
    name: str | None = None,
    markers: Sequence[Span] = (),
    shipped: tuple[Span, ...] = (),
) -> Grammar:
    """The grammar of reasoning, tool calls not yet in it.

    `template` is all the text of the chat template, `vocabulary` the added tokens; `name` and `markers` are
    the profile's `reasoning.format` and `reasoning.markers`; `shipped` is what the model's own response
    template says. Raises `ProfileError` for an unknown name.
    """
    base = _detected(template, vocabulary) if name is None else _named(name)
    if name is None and base.name == "none" and shipped:
        base = spans("shipped", shipped)
    if not markers:
        return base
    pairs = tuple(markers)
    bases = [base, *(item.grammar for item in PRESETS if all(mark in vocabulary for mark in item.marks))]
    fitting = next((grammar for grammar in bases if fits(grammar, pairs)), None)
    return spans("markers", pairs) if fitting is None else overlay(fitting, pairs)


def _named(name: str) -> Grammar:
    names = [preset.name for preset in PRESETS]
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"the presets are {', '.join(names)}"
        raise ProfileError(
            f"reasoning.format: no preset is named {name!r}", hint=hint, param="reasoning.format"
        )
    return PRESETS[names.index(name)].grammar


def _detected(template: str, vocabulary: Collection[str]) -> Grammar:
    for preset in PRESETS:
        if _speaks(preset, template, vocabulary):
            return preset.grammar
    for preset in PRESETS:
        known = all(mark in vocabulary for mark in preset.marks)
        if known and not (preset.template_only and template):
            return preset.grammar
    raise AssertionError("the last preset has no marks")


def _speaks(preset: Preset, template: str, vocabulary: Collection[str]) -> bool:
    """Every mark is in the template or a token, and one at least, or all of them, is in the template.

    Templates often name only the end of a think block. A vocabulary alone can belong to several formats.
    """
    written = [mark in template for mark in preset.marks]
    if preset.template_only:
        return all(written)
    if preset.either:
        return any(written)
    known = all(here or mark in vocabulary for here, mark in zip(written, preset.marks, strict=True))
    return known and any(written)
