"""The decoder: stops, log-probabilities, counts, raw completions, budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxk.events import BlockDelta, BlockStart, Event, TokenLogprob
from mlxk.requests import GenerationRequest, Message
from mlxk.text import TextModel
from tests.text.families import BOTH, FAMILIES, HARMONY, HARMONY_TOKENS, MARKERS, QWEN, QWEN_TOKENS, Family
from tests.text.folders import CHATML, HELLO, decode, fold, load_text, write_folder

LoadFamily = Callable[[Family], TextModel]


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    path = tmp_path_factory.mktemp("qwen")
    special = ("<|im_start|>", "<|im_end|>")
    return load_text(write_folder(path, template=QWEN, special=special, added=QWEN_TOKENS, eos="<|im_end|>"))


def say(text: TextModel, output: str, **request: object) -> list[tuple[str, str | None, str]]:
    return decode(text, text.encode(output), GenerationRequest(messages=HELLO, **request)).blocks  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(
    ("stop", "want"),
    [
        ("END", "one two "),
        ("two END thr", "one "),
        ("o", ""),
        ("three\nfour", "one two END "),
        ("five", None),
    ],
)
def test_a_stop_string_is_never_shown(qwen: TextModel, stop: str, want: str | None, size: int) -> None:
    request = GenerationRequest(messages=HELLO, stop=(stop, "unused"))
    output = "one two END three\nfour"
    decoder = qwen.decoder(qwen.render(request), request)
    events: list[Event] = []
    ids = qwen.encode(output)
    for place in range(0, len(ids), size):
        events += decoder.feed(ids[place : place + size])
    stopped = decoder.stopped
    events += decoder.finish("cancelled")
    shown = [("text", None, want if want is not None else output)]
    assert fold(events) == (shown if shown[0][2] else [])
    assert stopped is (want is not None)
    assert decoder.stop_sequence == (stop if want is not None else None)


def test_stops_are_for_the_answer_unless_the_profile_says_all(tmp_path: Path, qwen: TextModel) -> None:
    output = "<think>wait END</think>Hello END there"
    assert say(qwen, output, stop=("END",)) == [("reasoning", None, "wait END"), ("text", None, "Hello ")]
    path = write_folder(tmp_path, template=QWEN, added=QWEN_TOKENS)
    strict = load_text(path, stop={"sequences": ["END"], "scope": "all"})
    assert say(strict, output) == [("reasoning", None, "wait ")]
    assert say(strict, output, stop=()) == say(qwen, output)


def test_a_stop_token_of_the_profile(tmp_path: Path) -> None:
    path = write_folder(tmp_path, special=("<|im_end|>",), added=("###",))
    text = load_text(path, stop={"tokens": ["###"]})
    said = decode(text, text.encode("Hello###"), GenerationRequest(messages=HELLO))
    assert said.blocks == [("text", None, "Hello")]
    assert said.stop_sequence == "###"


def test_what_ends_every_turn_is_no_stop_of_the_profiles(tmp_path: Path) -> None:
    path = write_folder(tmp_path, template=HARMONY, special=HARMONY_TOKENS)
    text = load_text(path, stop={"tokens": ["<|return|>", "<|call|>"]})
    said = decode(
        text, text.encode("<|channel|>final<|message|>Hi<|return|>"), GenerationRequest(messages=HELLO)
    )
    assert said.blocks == [("text", None, "Hi")]
    assert said.stop_sequence is None


def test_a_template_that_only_begins_to_think(tmp_path: Path) -> None:
    text = load_text(
        write_folder(tmp_path, template=CHATML + "<think>", special=("<|im_start|>", "<|im_end|>"))
    )
    assert say(text, "hm</think>Hi") == [("reasoning", None, "hm"), ("text", None, "Hi")]


def test_raw_completions_are_raw(qwen: TextModel) -> None:
    output = " <think>hm</think>\n\n<tool_call>{}</tool_call> a\n"
    request = GenerationRequest(prompt="x", tools=BOTH)
    said = decode(qwen, (*qwen.encode(output), *qwen.encode("<|im_end|>")), request)
    assert said.blocks == [("text", None, output)]


def test_reasoning_tokens_are_counted(qwen: TextModel) -> None:
    inner = qwen.encode("hm, so be it")
    ids = (*qwen.encode("<think>"), *inner, *qwen.encode("</think>Hello<|im_end|>"))
    said = decode(qwen, ids, GenerationRequest(messages=HELLO))
    assert said.reasoning_tokens == len(inner)


def test_each_shown_token_brings_its_logprob_once(qwen: TextModel) -> None:
    request = GenerationRequest(messages=HELLO, tools=BOTH)
    ids = qwen.encode('<think>\nhm 🎉\n</think>\n\nHello 🎉 there\n<tool_call>{"name": "add"}</tool_call>')
    logprobs = [TokenLogprob(*qwen.token_text(token), -0.5 * place) for place, token in enumerate(ids)]
    for size in (1, 3, len(ids)):
        decoder = qwen.decoder(qwen.render(request), request)
        events: list[Event] = []
        for place in range(0, len(ids), size):
            events += decoder.feed(ids[place : place + size], logprobs[place : place + size])
        events += decoder.finish("stop")
        kinds = {event.index: event.kind for event in events if isinstance(event, BlockStart)}
        for kind, want in (("reasoning", "hm 🎉"), ("text", "Hello 🎉 there"), ("tool_call", "")):
            found = [
                item
                for event in events
                if isinstance(event, BlockDelta) and kinds[event.index] == kind
                for item in event.logprobs
            ]
            assert b"".join(item.token_bytes for item in found).decode().strip() == want


def test_one_call_only(qwen: TextModel) -> None:
    output = '<tool_call>{"name": "add"}</tool_call><tool_call>{"name": "add"}</tool_call>'
    assert len(say(qwen, output, tools=BOTH)) == 2
    assert len(say(qwen, output, tools=BOTH, parallel_tool_calls=False)) == 1


def test_no_calls_when_none_may_be_made(qwen: TextModel) -> None:
    output = 'Hello<tool_call>{"name": "add"}</tool_call>'
    blocks = say(qwen, output, tools=BOTH, tool_choice="none")
    assert [kind for kind, _, _ in blocks] == ["text"]


def test_markers_of_harmony_on_a_vocabulary_that_has_it(tmp_path: Path) -> None:
    """The profile's markers find harmony by the tokens, whatever the template speaks."""
    path = write_folder(tmp_path, special=("<|im_start|>", "<|im_end|>", *HARMONY_TOKENS))
    text = load_text(path, **MARKERS)
    output = (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi<|return|>"
    )
    assert say(text, output) == [("reasoning", None, "hm"), ("text", None, "Hi")]


def test_a_shipped_response_template_serves_where_no_preset_does(tmp_path: Path) -> None:
    fields = {
        "thinking": {"open": ["<musing>"], "close": "</musing>"},
        "content": {"open": "<say>", "close": "</say>"},
    }
    path = write_folder(tmp_path, config={"response_template": {"start_anchor": "x", "fields": fields}})
    text = load_text(path)
    want = [("reasoning", None, "hm"), ("text", None, "Hello")]
    assert say(text, "<musing>hm</musing>\n<say>Hello</say>") == want


def test_words_that_the_vocabulary_adds_stay_text(tmp_path: Path) -> None:
    """Added tokens inside a delimiter of plain words are no special tokens."""
    path = write_folder(tmp_path, added=("thought", " ", "\n"))
    text = load_text(path, reasoning={"format": "granite"})
    output = "Here is my thought process: a thought\nHere is my response: Hello  there"
    assert say(text, output) == [("reasoning", None, "a thought"), ("text", None, "Hello  there")]


def test_mistrals_ids_are_nine_letters(load_family: LoadFamily) -> None:
    family = next(family for family in FAMILIES if family.name == "mistral, a list")
    text = load_family(family)
    decoder = text.decoder(text.render(family.request), family.request)
    events = [*decoder.feed(text.encode(family.output)), *decoder.finish("stop")]
    ids = [event.id for event in events if isinstance(event, BlockStart)]
    assert all(item is not None and len(item) == 9 and item.isalnum() for item in ids)


def test_kimis_ids_are_its_own(load_family: LoadFamily) -> None:
    family = next(family for family in FAMILIES if family.name == "kimi")
    text = load_family(family)
    decoder = text.decoder(text.render(family.request), family.request)
    events = [*decoder.feed(text.encode(family.output)), *decoder.finish("stop")]
    ids = [event.id for event in events if isinstance(event, BlockStart) and event.id]
    assert ids == ["functions.get_weather:0", "functions.add:1"]


def test_arguments_stream(qwen: TextModel) -> None:
    request = GenerationRequest(messages=HELLO, tools=BOTH)
    decoder = qwen.decoder(qwen.render(request), request)
    decoder.feed(qwen.encode('<tool_call>{"name": "add", "arguments": {"a"'))
    events = decoder.feed(qwen.encode(": 17"))
    assert "".join(event.text for event in events if isinstance(event, BlockDelta)) == ": 17"


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES if f.name in ("harmony usual", "think tokens")], ids=str
)
def test_a_reasoning_budget_continues_to_an_answer(family: Family, load_family: LoadFamily) -> None:
    text = load_family(family)
    request = GenerationRequest(messages=HELLO)
    prompt = text.render(request)
    budget = text.reasoning_budget(prompt, 3)
    assert budget is not None
    assert not budget.opened
    ids = (*budget.start, *text.encode("hm hm"), *budget.end, *text.encode("Hello"))
    assert decode(text, ids, request).blocks == [("reasoning", None, "hm hm"), ("text", None, "Hello")]


def test_no_budget_without_reasoning(load_family: LoadFamily) -> None:
    text = load_family(next(family for family in FAMILIES if family.name == "no thinking"))
    assert text.reasoning_budget(text.render(GenerationRequest(messages=HELLO)), 3) is None


def test_a_continued_answer_goes_on_where_it_was(load_family: LoadFamily) -> None:
    family = next(family for family in FAMILIES if family.name == "harmony usual")
    text = load_family(family)
    request = GenerationRequest(messages=(*HELLO, Message("assistant", "Hel")), continue_final=True)
    assert decode(text, text.encode(" lo<|return|>"), request).blocks == [("text", None, " lo")]


SCRAPS = [
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<|im_end|>",
    "<|start|>",
    "<|channel|>",
    "<|message|>",
    "<|end|>",
    "<|call|>",
    "<|return|>",
    "assistant",
    "analysis",
    "final",
    "commentary",
    "to=functions.add",
    "json",
    "{",
    "}",
    "[",
    "]",
    "[TOOL_CALLS]",
    "[ARGS]",
    "add",
    "get_weather",
    "<",
    ">",
    "|",
    "function=",
    "parameter=",
    "/",
]
CHAOS = st.lists(
    st.sampled_from([*SCRAPS, " ", "\n", "🎉", '"name": ', '"arguments": ', "<function=add>", "{}", "hi"]),
    max_size=25,
).map("".join)
ODD = [family for family in FAMILIES if family.tools or "thinks twice" in family.name][::3]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(output=CHAOS, family=st.sampled_from(ODD), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_no_output_breaks_the_events(
    load_family: LoadFamily, output: str, family: Family, sizes: list[int]
) -> None:
    text = load_family(family)
    ids = text.encode(output)
    whole = decode(text, ids, family.request, reason="length")
    assert decode(text, ids, family.request, sizes=sizes, reason="length") == whole
    assert decode(text, ids, family.request, sizes=(1,), reason="length") == whole
