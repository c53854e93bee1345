"""Constrained output: a random model says what a grammar allows, whatever it would like to say."""

from __future__ import annotations

import asyncio
import json
import random
import re
from pathlib import Path
from typing import Any

import jsonschema
import mlx.core as mx
import pytest
from tokenizers import Tokenizer

from mlxk.engine.base import (
    Constraint,
    FramedConstraint,
    JsonSchemaConstraint,
    LarkConstraint,
    RegexConstraint,
)
from mlxk.engine.constraint import Compiler
from mlxk.engine.mask import masked
from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.requests import ReasoningBudget
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of
from tests.engine.schemas import random_schema
from tests.text.folders import write_folder

POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "label": {"enum": ["a", "b"]}},
    "required": ["x", "label"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tokenizer(qwen3_path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(qwen3_path / "tokenizer.json"))


def schema(value: Any) -> JsonSchemaConstraint:
    return JsonSchemaConstraint(json.dumps(value))


def constrained(constraint: Constraint | FramedConstraint, seed: int = 1, **changes: Any):
    settings = {"temperature": 1.0, "seed": seed, "max_tokens": 400, "stop_tokens": (2, 40)}
    return ask(f"{constraint}{seed}", constraint=constraint, **settings | changes)


async def test_a_schema_a_pattern_and_a_grammar_are_obeyed(
    make_real_engine: MakeEngine, tokenizer: Tokenizer
) -> None:
    constraints = (
        schema(POINT),
        RegexConstraint(r"[a-c]{3}/[0-9]{2}"),
        LarkConstraint('start: "yes" | "no" INT\nINT: /[0-9]/'),
    )
    async with make_real_engine() as engine:
        runs = [await steps_of(engine, constrained(one)) for one in constraints]
    assert [done_of(steps).reason for steps in runs] == ["stop"] * 3
    point, word, answer = (tokenizer.decode(ids_of(steps)) for steps in runs)
    jsonschema.validate(json.loads(point), POINT)
    assert re.fullmatch(r"[a-c]{3}/[0-9]{2}", word)
    assert re.fullmatch(r"yes|no[0-9]", answer)


async def test_rows_without_a_constraint_say_what_they_say_alone(
    make_real_engine: MakeEngine, tokenizer: Tokenizer
) -> None:
    free = [ask(f"free{n}", tuple(range(20 + n, 40 + n)), max_tokens=20) for n in range(2)]
    bound = [constrained(schema(POINT), seed) for seed in range(2)]
    async with make_real_engine() as engine:
        alone = [ids_of(await steps_of(engine, request)) for request in (*free, *bound)]
        together = await asyncio.gather(*(steps_of(engine, request) for request in (*free, *bound)))
    assert [ids_of(steps) for steps in together] == alone
    for ids in alone[2:]:
        jsonschema.validate(json.loads(tokenizer.decode(ids)), POINT)


async def test_a_grammar_without_an_end_goes_on_to_the_limit(make_real_engine: MakeEngine) -> None:
    async with make_real_engine() as engine:
        steps = await steps_of(engine, constrained(RegexConstraint("[ab]{500}"), max_tokens=5))
    assert (done_of(steps).reason, len(ids_of(steps))) == ("length", 5)


async def test_where_the_grammar_may_end_stop_tokens_are_allowed(
    make_real_engine: MakeEngine, tokenizer: Tokenizer
) -> None:
    end = tokenizer.token_to_id("<|im_end|>")
    request = constrained(RegexConstraint("a+"), stop_tokens=(end,), logit_bias=((end, 1000.0),))
    async with make_real_engine() as engine:
        steps = await steps_of(engine, request)
    *said, last = ids_of(steps)
    assert (done_of(steps).reason, last) == ("stop", end)
    assert re.fullmatch("a+", tokenizer.decode(said))


async def test_a_frame_holds_reasoning_and_answer_apart(
    make_real_engine: MakeEngine, tokenizer: Tokenizer
) -> None:
    start, end = tokenizer.token_to_id("<think>"), tokenizer.token_to_id("</think>")
    frame = f"start: <[{start}]> THOUGHT <[{end}]> answer\nTHOUGHT: /(.|\\n)*/"
    budget = ReasoningBudget(limit=10, start=(start,), end=(end,), opened=False)
    request = constrained(FramedConstraint(frame, {"answer": schema(POINT)}), reasoning_budget=budget)
    async with make_real_engine() as engine:
        steps = await steps_of(engine, request)
    ids = ids_of(steps)
    assert (ids[0], ids.count(end)) == (start, 1)
    assert 1 <= ids.index(end) <= 11
    jsonschema.validate(json.loads(tokenizer.decode(ids[ids.index(end) + 1 :])), POINT)


async def test_forbidden_tokens_are_no_alternatives(make_real_engine: MakeEngine) -> None:
    async with make_real_engine() as engine:
        steps = await steps_of(engine, constrained(RegexConstraint("abcabc"), top_logprobs=5))
    logprobs = [value for step in steps[:-1] for value in getattr(step, "logprobs", ())]
    tops = [top for step in steps[:-1] for top in getattr(step, "top", ())]
    assert len(logprobs) == len(tops) == len(ids_of(steps))
    assert all(-100 < value <= 1e-6 for top in tops for _, value in top)
    assert all(1 <= len(top) <= 5 for top in tops)


REFUSED: dict[str, tuple[Constraint | FramedConstraint, type[RequestError], str, str]] = {
    "an unsupported keyword": (
        schema({"type": "object", "properties": {"not": {"type": "array", "uniqueItems": True}}}),
        UnsupportedParameter,
        "'uniqueItems' at properties.not.uniqueItems",
        "response_format",
    ),
    "in a list": (
        schema({"anyOf": [{"type": "string"}, {"items": {"if": {}}, "type": "array"}]}),
        UnsupportedParameter,
        r"'if' at anyOf\[1\].items.if",
        "response_format",
    ),
    "an unknown format": (
        schema({"$defs": {"a": {"type": "string", "format": "isbn"}}, "$ref": "#/$defs/a"}),
        UnsupportedParameter,
        r"'format' at \$defs.a.format.*isbn",
        "response_format",
    ),
    "an unknown type": (schema({"type": "text"}), RequestError, "Invalid type: text", "response_format"),
    "a schema of nothing": (
        schema({"type": "integer", "minimum": 3, "maximum": 1}),
        RequestError,
        "minimum",
        "response_format",
    ),
    "no JSON": (JsonSchemaConstraint("{"), RequestError, "not JSON", "response_format"),
    "no object": (JsonSchemaConstraint("[]"), RequestError, "JSON object", "response_format"),
    "a broken pattern": (RegexConstraint("(a"), RequestError, "unclosed group", "response_format"),
    "look-ahead": (RegexConstraint("(?=a)b"), RequestError, "look-around", "response_format"),
    "a pattern with look-ahead": (
        schema({"properties": {"pattern": {"type": "string", "pattern": "^(?=a)b$"}}}),
        UnsupportedParameter,
        "properties.pattern.pattern cannot be enforced: look-around",
        "response_format",
    ),
    "a broken pattern of names": (
        schema({"anyOf": [{"patternProperties": {"a": {}, "(b": {}}}]}),
        UnsupportedParameter,
        r"anyOf\[0\].patternProperties '\(b' cannot be enforced: unclosed group",
        "response_format",
    ),
    "a pattern that is read and cannot be enforced": (
        schema({"properties": {"a": {"items": {"type": "string", "pattern": r"\bfoo"}}}}),
        UnsupportedParameter,
        "properties.a.items.pattern cannot be enforced: lookarounds not supported yet",
        "response_format",
    ),
    "a grammar that would close the braces around it": (
        LarkConstraint('start: "x"\n}\nfoo: %lark { start: "y"'),
        RequestError,
        "the grammar cannot be used: 2",
        "response_format",
    ),
    "a broken grammar": (LarkConstraint("start: nobody"), RequestError, "nobody", "response_format"),
    "a part of a frame": (
        FramedConstraint(
            "start: one two",
            {"one": schema({}), "two": JsonSchemaConstraint('{"not": {}}', "tools[0].parameters")},
        ),
        UnsupportedParameter,
        "'not' at not",
        "tools[0].parameters",
    ),
}


async def test_what_cannot_be_enforced_is_refused_by_name(make_real_engine: MakeEngine) -> None:
    async with make_real_engine() as engine:
        for constraint, kind, words, param in REFUSED.values():
            with pytest.raises(kind, match=words) as caught:
                await steps_of(engine, constrained(constraint))
            assert (type(caught.value), caught.value.param) == (kind, param)
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_a_constraint_can_be_cancelled_before_it_is_compiled(make_real_engine: MakeEngine) -> None:
    async with make_real_engine(max_concurrency=1) as engine:
        request = constrained(RegexConstraint("[ab]{900}"), max_tokens=3000)
        running = asyncio.create_task(steps_of(engine, request))
        await asyncio.sleep(0)
        await engine.cancel(request.id)
        assert done_of(await running).reason == "cancelled"
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_it_can_be_prepared_while_loading(make_real_engine: MakeEngine, tokenizer: Tokenizer) -> None:
    async with make_real_engine(prepare_constraints=True) as engine:
        steps = await steps_of(engine, constrained(schema(POINT)))
    jsonschema.validate(json.loads(tokenizer.decode(ids_of(steps))), POINT)


@pytest.mark.parametrize("prepare", [True, False])
async def test_a_model_without_tokenizer_json_says_so(
    make_real_engine: MakeEngine, prepare: bool, qwen3_path: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(qwen3_path / name)
    async with make_real_engine(model_path=str(tmp_path), prepare_constraints=prepare) as engine:
        with pytest.raises(UnsupportedParameter, match=r"tokenizer\.json"):
            await steps_of(engine, constrained(schema(POINT)))
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_two_hundred_schemas_give_valid_json_or_an_honest_length(
    qwen3_path: Path, tokenizer: Tokenizer
) -> None:
    from mlxk.engine import EngineConfig, ThreadEngine

    source = random.Random(20)
    schemas = [random_schema(source) for _ in range(200)]
    config = EngineConfig(
        model_path=str(qwen3_path), context_length=4096, max_concurrency=100, prompt_cache_entries=0
    )
    async with ThreadEngine(config) as engine:
        runs = await asyncio.gather(
            *(
                steps_of(engine, constrained(schema(one), seed, max_tokens=120))
                for seed, one in enumerate(schemas)
            )
        )
    stopped = 0
    for one, steps in zip(schemas, runs, strict=True):
        if done_of(steps).reason == "stop":
            stopped += 1
            jsonschema.validate(json.loads(tokenizer.decode(ids_of(steps))), one)
        else:
            assert len(ids_of(steps)) == 120
    assert stopped > 100


def test_masks_are_applied_bit_by_bit() -> None:
    source = random.Random(7)
    for vocabulary in (1, 8, 13, 640):
        allowed = [[source.random() < 0.5 for _ in range(vocabulary)] for _ in range(3)]
        masks = [sum(bit << place for place, bit in enumerate(row)) for row in allowed]
        packed = [mask.to_bytes(vocabulary // 8 + 2, "little") for mask in masks]
        logits = mx.ones((3, vocabulary), dtype=mx.float16)
        expected = [[1.0 if bit else -mx.inf for bit in row] for row in allowed]
        assert masked(logits, packed).tolist() == expected


def test_ids_beyond_a_mask_are_forbidden() -> None:
    assert masked(mx.zeros((1, 20)), [b"\xff"]).tolist() == [[0.0] * 8 + [-mx.inf] * 12]


async def test_only_stop_tokens_end_an_answer(tmp_path: Path) -> None:
    """Of a vocabulary without a familiar end, llguidance takes an ordinary token for it."""
    folder = write_folder(tmp_path, special=("<|im_start|>", "<|im_end|>"))
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json"))
    stop = vocabulary.token_to_id("<|im_end|>")
    compiler = Compiler(folder, lambda: None)
    guide = compiler.compile(RegexConstraint("ab?"), (stop,)).result()
    guide.accept(vocabulary.token_to_id("a"))
    compiler.close()
    assert guide.mask is not None
    allowed = [index for index in range(len(guide.mask) * 8) if guide.mask[index // 8] >> index % 8 & 1]
    assert allowed == sorted((vocabulary.token_to_id("b"), stop))


async def test_a_schema_that_nothing_fits_is_the_callers_error(make_real_engine: MakeEngine) -> None:
    async with make_real_engine() as engine:
        with pytest.raises(RequestError, match="no text can ever fit it") as caught:
            await steps_of(engine, constrained(schema({"$ref": "#"})))
        assert caught.value.param == "response_format"
        framed = FramedConstraint('start: "x" answer', {"answer": schema({"$ref": "#"})})
        with pytest.raises(RequestError, match="no text can ever fit it"):
            await steps_of(engine, constrained(framed))
