"""`mlxk run`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.loading import loaded, make_plan, note, resolve_profile
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.cli.stdin import STDIN, read_stdin
from mlxk.config import Resolved
from mlxk.errors import Interrupted, UsageError
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, Message

_NO_PROFILE_OPTIONS = ProfileOptions()
_NO_GENERATION_OPTIONS = GenerationOptions()


def run(
    *words: str,
    profile: ProfileOptions = _NO_PROFILE_OPTIONS,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    no_stream: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    reasoning: Annotated[bool | None, Parameter(name="--show-reasoning", negative="--hide-reasoning")] = None,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="")] = False,
) -> int:
    """Answer one prompt.

    With -p the words are the prompt; without it the first word is the model. `-`, or no prompt in a pipe,
    reads standard input; no prompt on a terminal starts a chat. Only the answer goes to stdout.

    Examples:
        mlxk run -p demo "Why is the sky blue?"
        mlxk run mlx-community/Qwen3-4B-Instruct-2507-4bit "Write a haiku." --temperature 0.9
        git diff | mlxk run -p code "Review this:" -

    Parameters
    ----------
    words
        [MODEL] PROMPT.
    no_stream
        Print the answer when it is whole.
    json
        Print one JSON object: text, reasoning, tool calls, usage, finish reason.
    reasoning
        Print the reasoning too, or not. Default: on a terminal only.
    verbose
        Tell on stderr which files were used, and what the answer cost.
    """
    model, prompt = _model_and_prompt(words, profile)
    if prompt is None:
        from mlxk.cli.chat import talk

        return talk(resolve_profile(profile, generation, model=model), reasoning=reasoning, verbose=verbose)
    resolved = resolve_profile(profile, generation, model=model)
    plan = make_plan(resolved, "run")
    if verbose:
        _tell(resolved, plan)
    return asyncio.run(
        _run(plan, prompt, stream=not no_stream, json=json, reasoning=reasoning, verbose=verbose)
    )


async def _run(
    plan: Plan, prompt: str, *, stream: bool, json: bool, reasoning: bool | None, verbose: bool
) -> int:
    from mlxk.cli.answer import Answer
    from mlxk.render.json import to_json
    from mlxk.render.stats import stats_line
    from mlxk.render.terminal import TerminalRenderer

    request = GenerationRequest(messages=(Message("user", prompt),))
    show_reasoning = sys.stdout.isatty() if reasoning is None else reasoning
    renderer = None if json else TerminalRenderer(sys.stdout, show_reasoning=show_reasoning)
    async with loaded(plan) as ready:
        completion = await Answer(ready, request).show(renderer, stream=stream)
    if json:
        print(to_json(completion))
    if verbose:
        note(stats_line(completion.finish))
    return Interrupted.exit_status if completion.finish.reason == "cancelled" else 0


def _model_and_prompt(words: tuple[str, ...], profile: ProfileOptions) -> tuple[str | None, str | None]:
    """The model, if no profile names it, and the prompt, `None` for a chat."""
    model = None
    if profile.profile is None:
        if not words:
            raise UsageError("nothing to run", hint='mlxk run -p demo "Why is the sky blue?"')
        model, *rest = words
        words = tuple(rest)
    if not words and sys.stdin.isatty():
        return model, None
    prompt = " ".join(words) if words and STDIN not in words else _with_stdin(words)
    if not prompt.strip():
        raise UsageError("the prompt is empty", hint="write it after the options, or send it through a pipe")
    return model, prompt


def _with_stdin(words: tuple[str, ...]) -> str:
    """The words with standard input, on lines of its own, where they say so; alone if there are none."""
    at = words.index(STDIN) if words else 0
    parts = (" ".join(words[:at]), read_stdin().strip("\n"), " ".join(words[at + 1 :]))
    return "\n\n".join(part for part in parts if part.strip())


def _tell(resolved: Resolved, plan: Plan) -> None:
    files = ", ".join(str(file) for file in resolved.files) or "none"
    note(f"profile {resolved.name}, files: {files}")
    note(f"model {plan.facts.reference}, context {plan.context} tokens, config {plan.config_hash[:12]}")
