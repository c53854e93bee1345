"""`mlxk run`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mlxk.cli.attachments import with_files
from mlxk.cli.interrupt import interruptible, leave_loading
from mlxk.cli.loading import loaded, make_plan, resolve_profile, tell_files
from mlxk.cli.names import FirstModel
from mlxk.cli.notes import REACHED_LIMIT, note, quietly
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.cli.stdin import STDIN, read_stdin
from mlxk.config import Resolved
from mlxk.errors import Interrupted, UsageError
from mlxk.hub.offline import offline
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, Message

if TYPE_CHECKING:
    from mlxk.cli.answer import Renderer

_NO_PROFILE_OPTIONS = ProfileOptions()
_NO_GENERATION_OPTIONS = GenerationOptions()


def run(
    *words: FirstModel,
    profile: ProfileOptions = _NO_PROFILE_OPTIONS,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    file: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    stream: bool | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    reasoning: Annotated[bool | None, Parameter(name="--show-reasoning", negative="--hide-reasoning")] = None,
    stats: Annotated[bool, Parameter(negative="")] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")] = False,
) -> int:
    """Answer one prompt.

    With -p the words are the prompt; without it the first word is the model. `-`, or no prompt in a pipe,
    reads standard input; no prompt on a terminal starts a chat. Only the answer goes to stdout.

    Exit statuses: 0 answered; 1 it failed; 2 the command line is wrong; 130 Ctrl-C, after what there was of
    the answer; 141 the reader of a pipe went away.

    Examples:
        mlxk run -p demo "Why is the sky blue?"
        mlxk run mlx-community/Qwen3-4B-Instruct-2507-4bit "Write a haiku." --temperature 0.9
        mlxk run -p code --file main.py --file util.py "Where is the bug?"
        git diff | mlxk run -p code "Review this:" -

    Parameters
    ----------
    words
        [MODEL] PROMPT.
    file
        Put a text file before the prompt: its name, then its text between ``` fences. May be given again.
    stream
        Print the answer as it comes, or when it is whole. With --json, --stream prints a line for each event.
    json
        Print one JSON object: text, reasoning, tool calls, usage, finish reason, timings.
    reasoning
        Print the reasoning too, or not. Default: on a terminal, unless the profile says `reasoning.show`.
    stats
        Tell on stderr what the answer cost: tokens, cached tokens, time to first token, tokens/s, memory.
    verbose
        Tell on stderr the profile, the model, its context, and what --stats tells.
    quiet
        No warnings, no file names and no progress on stderr, only errors.
    """
    with quietly(quiet):
        model, prompt = _model_and_prompt(words, profile, file)
        if prompt is None:
            if json:
                raise UsageError("--json needs a prompt", hint="write it after the options, or use a pipe")
            from mlxk.cli.chat import talk

            return talk(profile, generation, model, reasoning=reasoning, stats=stats or verbose)
        resolved = resolve_profile(profile, generation, model=model)
        tell_files(resolved)
        plan = make_plan(resolved, "run")
        if verbose:
            _tell(resolved, plan)
        show = Show(json=json, stream=not json if stream is None else stream, reasoning=reasoning)
        with offline(profile.offline):
            return asyncio.run(_run(plan, prompt, show, stats=stats or verbose))


@dataclass(frozen=True, slots=True)
class Show:
    """How the answer goes to stdout."""

    json: bool
    stream: bool
    reasoning: bool | None

    def renderer(self, plan: Plan) -> Renderer | None:
        """What takes the events; `None` where only the whole answer counts."""
        from mlxk.render.json import JsonLines
        from mlxk.render.terminal import TerminalRenderer

        if self.json:
            return JsonLines(sys.stdout) if self.stream else None
        default = sys.stdout.isatty() and plan.profile.reasoning.show == "full"
        return TerminalRenderer(
            sys.stdout, show_reasoning=default if self.reasoning is None else self.reasoning
        )


async def _run(plan: Plan, prompt: str, show: Show, *, stats: bool) -> int:
    from mlxk.cli.answer import Answer
    from mlxk.hub.sizes import show as size
    from mlxk.render.json import to_json
    from mlxk.render.stats import stats_line

    request = GenerationRequest(messages=(Message("user", prompt),))
    renderer = show.renderer(plan)
    async with AsyncExitStack() as stack:
        ready = await interruptible(stack.enter_async_context(loaded(plan)), leave_loading)
        completion = await Answer(ready, request).show(renderer, stream=show.stream)
        peak = (await ready.engine.stats()).peak_bytes
    if renderer is None:
        print(to_json(completion))
    elif completion.finish.reason == "length" and not show.json:
        note(REACHED_LIMIT)
    if stats:
        # What was asked for is told even where --quiet leaves out the rest.
        print(stats_line(completion.finish, memory=size(peak)), file=sys.stderr)
    return Interrupted.exit_status if completion.finish.reason == "cancelled" else 0


def _model_and_prompt(
    words: tuple[str, ...], profile: ProfileOptions, files: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """The model, if no profile names it, and the prompt, `None` for a chat."""
    model = None
    if profile.profile is None:
        if not words:
            raise UsageError("nothing to run", hint='mlxk run -p demo "Why is the sky blue?"')
        model, *rest = words
        words = tuple(rest)
    if not words and (files or sys.stdin.isatty()):
        return model, with_files("", files) if files else None
    prompt = " ".join(words) if words and STDIN not in words else _with_stdin(words)
    if not prompt.strip():
        raise UsageError("the prompt is empty", hint="write it after the options, or send it through a pipe")
    return model, with_files(prompt, files)


def _with_stdin(words: tuple[str, ...]) -> str:
    """The words with standard input, on lines of its own, where they say so; alone if there are none."""
    at = words.index(STDIN) if words else 0
    parts = (" ".join(words[:at]), read_stdin().strip("\n"), " ".join(words[at + 1 :]))
    return "\n\n".join(part for part in parts if part.strip())


def _tell(resolved: Resolved, plan: Plan) -> None:
    note(f"profile {resolved.name}")
    note(f"model {plan.facts.reference}, context {plan.context} tokens, config {plan.config_hash[:12]}")
