"""What is cached in conversations, for each kind of cache and template, and that it changes no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mlxk.config.schema import Profile
from mlxk.engine import ThreadEngine
from mlxk.events import Completion, collect
from mlxk.generation import Loaded, generate
from mlxk.hub import facts, references
from mlxk.plan import make
from mlxk.requests import GenerationRequest, Message, Tool
from mlxk.text import TextModel

SYSTEM = Message("system", "You are a helpful assistant. " * 12)
QUESTIONS = ("Hello, how are you today?", "The quick brown fox jumps.", "And over the lazy dog?")
# Before a prompt's end, where the next turn may part from it.
TAIL = 16
TOOLS = (Tool("now", "What time it is"), Tool("look", "What there is to see at a place"))

Open = Callable[..., AsyncIterator[Loaded]]


@pytest.fixture(params=["qwen3", "gpt_oss", "lfm2", "demo", "demo in harmony"])
def model(request: pytest.FixtureRequest) -> dict[str, str]:
    """Full attention and thoughts that are dropped, a window, a hybrid, and the built-in model."""
    if request.param.startswith("demo"):
        folder = {"path": str(references.locate("builtin:demo", revision=None))}
        return folder | ({"chat_template": "harmony"} if "harmony" in request.param else {})
    return {"path": str(request.getfixturevalue(f"{request.param}_path"))}


@asynccontextmanager
async def opened(model: dict[str, str], **engine: object) -> AsyncIterator[Loaded]:
    settings = {"model": model, "sampling": {"temperature": 0}, "engine": engine}
    profile = Profile.model_validate(settings)
    plan = make(profile, facts.read(Path(model["path"]), "m"), surface="run", name="m", config_hash="")
    async with ThreadEngine(plan.engine_config) as running:
        yield Loaded(plan, TextModel.load(plan.facts, profile), running)


async def ask(loaded: Loaded, *messages: Message, tools: tuple[Tool, ...] = ()) -> Completion:
    request = GenerationRequest(messages=messages, tools=tools, max_tokens=12)
    return await collect(generate(loaded, request))


def said(answer: Completion) -> tuple[str, str]:
    return answer.reasoning, answer.text


async def test_each_turn_begins_where_the_one_before_was_asked(model: dict[str, str]) -> None:
    messages, before = [SYSTEM], 0
    async with opened(model) as warm, opened(model, prompt_cache={"entries": 0}) as cold:
        for question in QUESTIONS:
            messages.append(Message("user", question))
            answer = await ask(warm, *messages)
            usage = answer.finish.usage
            assert before - TAIL <= usage.cached_tokens < usage.prompt_tokens
            assert said(answer) == said(await ask(cold, *messages))
            before = usage.prompt_tokens
            messages.append(Message("assistant", answer.text or "Yes.", reasoning=answer.reasoning or None))


async def test_conversations_share_their_system_text_and_tools(model: dict[str, str]) -> None:
    async with opened(model) as warm, opened(model, prompt_cache={"entries": 0}) as cold:
        for tools in ((), TOOLS):
            for index, question in enumerate(QUESTIONS[:2]):
                asked = SYSTEM, Message("user", question)
                request = GenerationRequest(messages=asked, tools=tools)
                shared = warm.text.preamble(request, warm.text.render(request))
                assert shared > 60
                answer = await ask(warm, *asked, tools=tools)
                if index:
                    assert answer.finish.usage.cached_tokens >= shared - 1
                assert said(answer) == said(await ask(cold, *asked, tools=tools))


async def test_conversations_that_begin_together_share_it_too(model: dict[str, str]) -> None:
    async with opened(model) as warm, opened(model, prompt_cache={"entries": 0}) as cold:
        asked = [(SYSTEM, Message("user", question)) for question in QUESTIONS]
        answers = await asyncio.gather(*(ask(warm, *messages) for messages in asked))
        cached = sorted(answer.finish.usage.cached_tokens for answer in answers)
        assert cached[0] == 0 < 60 < cached[1]
        for answer, messages in zip(answers, asked, strict=True):
            assert said(answer) == said(await ask(cold, *messages))


async def test_a_long_text_that_prompts_begin_with_is_found(model: dict[str, str]) -> None:
    """Nobody says where it ends: the second prompt shows it, and the third one has it."""
    text = "The quick brown fox jumps over the lazy dog. " * 8
    async with opened(model) as warm:
        cached = []
        for question in QUESTIONS:
            answer = await ask(warm, Message("user", f"{text}\n\n{question}"))
            cached.append(answer.finish.usage.cached_tokens)
    assert cached[2] > 60


async def test_what_many_share_outlives_what_one_needed(model: dict[str, str]) -> None:
    async with opened(model, prompt_cache={"entries": 4}) as warm:
        await ask(warm, SYSTEM, Message("user", QUESTIONS[0]))
        for number in range(8):
            answer = await ask(warm, SYSTEM, Message("user", f"{number}{number} is a number. " * 3))
            assert answer.finish.usage.cached_tokens > 60
