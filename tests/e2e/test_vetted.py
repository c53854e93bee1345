"""The embedded model says what its vetted list says, through the one generation path.

Prompts whose narrowest choice of a token was closer than a nat are left to `examples/demo-model/evaluate.py`:
another machine's rounding may turn them.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mlxk import plan as plans
from mlxk.config import resolve
from mlxk.engine import ThreadEngine
from mlxk.events import Completion, collect
from mlxk.generation import Loaded, generate
from mlxk.hub import facts, references
from mlxk.requests import GenerationRequest, Message, ReasoningOptions, Tool, ToolCall
from mlxk.text import TextModel

VETTED = Path(__file__).parents[2] / "examples" / "demo-model" / "vetted.jsonl"
ITEMS = [json.loads(line) for line in VETTED.read_text().splitlines()]
PROFILES = {"chatml": "demo", "harmony": "demo-harmony"}
SAFE_MARGIN = 1.0


def chosen(template: str) -> list[dict[str, Any]]:
    """Those that came out as intended, and by a safe margin."""
    return [
        item
        for item in ITEMS
        if item["template"] == template and item["intended"] and item["margin"] >= SAFE_MARGIN
    ]


def request_of(item: dict[str, Any]) -> GenerationRequest:
    thinking = item["thinking"]
    reasoning = (
        ReasoningOptions(enabled=thinking)
        if isinstance(thinking, bool)
        else ReasoningOptions(effort=thinking)
    )
    return GenerationRequest(
        messages=tuple(message_of(message) for message in item["messages"]),
        tools=tuple(
            Tool(function["name"], function.get("description", ""), function["parameters"])
            for function in (tool["function"] for tool in item.get("tools", ()))
        ),
        reasoning=reasoning,
    )


def message_of(message: dict[str, Any]) -> Message:
    calls = tuple(
        ToolCall(f"call_{index}", call["function"]["name"], json.dumps(call["function"]["arguments"]))
        for index, call in enumerate(message.get("tool_calls", ()))
    )
    answers = "call_0" if message["role"] == "tool" else None
    return Message(
        message["role"],
        message.get("content") or "",
        reasoning=message.get("reasoning_content"),
        tool_calls=calls,
        tool_call_id=answers,
        name=message.get("name"),
    )


async def answers(profile: str, requests: list[GenerationRequest]) -> list[Completion]:
    resolved = resolve(profile, isolated=True, environ={})
    reference = resolved.profile.model.repo
    assert reference is not None
    plan = plans.make(
        resolved.profile,
        facts.read(references.locate(reference), reference),
        surface="run",
        name=profile,
        config_hash=resolved.config_hash,
    )
    text = TextModel.load(plan.facts, plan.profile)
    async with ThreadEngine(plan.engine_config) as engine:
        loaded = Loaded(plan, text, engine)
        return await asyncio.gather(*(collect(generate(loaded, request)) for request in requests))


@pytest.mark.parametrize("template", PROFILES)
async def test_the_model_says_what_was_vetted(template: str) -> None:
    items = chosen(template)
    wrong = []
    for item, completion in zip(
        items, await answers(PROFILES[template], [request_of(item) for item in items]), strict=True
    ):
        said = {
            "answer": completion.text,
            "reasoning": completion.reasoning,
            "tool_calls": [
                {"name": call.name, "arguments": json.loads(call.text)} for call in completion.tool_calls
            ],
        }
        vetted = {
            "answer": item["answer"],
            "reasoning": item.get("reasoning") or "",
            "tool_calls": item.get("tool_calls", []),
        }
        if said != vetted or completion.finish.reason != ("tool_calls" if said["tool_calls"] else "stop"):
            wrong.append((item["id"], vetted, said))
    assert wrong == []


def test_most_of_the_list_can_be_relied_on() -> None:
    assert sum(len(chosen(template)) for template in PROFILES) >= 0.9 * len(ITEMS)


def test_the_list_covers_both_templates_and_all_ways_to_think() -> None:
    assert set(Counter((item["template"], item["thinking"]) for item in ITEMS)) == {
        ("chatml", True),
        ("chatml", False),
        ("harmony", "low"),
        ("harmony", "medium"),
        ("harmony", "high"),
    }
