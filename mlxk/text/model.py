"""The text side of one model: prompts in, a decoder for what comes out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlxk.config.schema import Profile
from mlxk.errors import ProfileError, RequestError, TemplateError, UnsupportedParameter
from mlxk.hub.facts import ModelFacts
from mlxk.requests import GenerationRequest, Message, ReasoningBudget
from mlxk.text import presets
from mlxk.text.decoder import Decoder, DecoderSetup
from mlxk.text.detokenizer import ByteDetokenizer, Detokenizer, WindowDetokenizer, pieces_of
from mlxk.text.grammar import Grammar, Opened
from mlxk.text.infill import infill_of
from mlxk.text.output import OutputGrammars
from mlxk.text.prompt import Marker, Prompt, shapes, template_messages
from mlxk.text.reasoning import reasoning_variables
from mlxk.text.source import TemplateSources, template_sources
from mlxk.text.stops import Stops
from mlxk.text.template import ChatTemplate
from mlxk.text.tokenizer import Tokenizer
from mlxk.text.tools.format import tool_schema

_RESERVED = frozenset({"messages", "tools", "documents", "add_generation_prompt"})


class TextModel:
    """Templates, tokens and the output grammar of one model under one profile. Safe to share by threads.

    `load` raises `ModelError` when the tokenizer or the template is missing or corrupt, and `ProfileError`
    when the profile names a template, preset or token that the model does not have.
    """

    def __init__(
        self, facts: ModelFacts, profile: Profile, tokenizer: Tokenizer, sources: TemplateSources
    ) -> None:
        self.profile = profile
        self.tokenizer = tokenizer
        self._sources = sources
        self._templates = {name: ChatTemplate(text, name) for name, text in sources.by_name.items()}
        literals = "\0".join(template.literals for template in self._templates.values())
        written = {template.source for template in self._templates.values()}
        self._output = OutputGrammars(profile, tokenizer, "\0".join((literals, *written)))
        full = self._output.grammar
        self._marker = Marker(self._control_tokens(literals, full))
        self._pieces = pieces_of(tokenizer)
        self._infill = infill_of(tokenizer)
        self._stop_names = {self._profile_stop(text): text for text in profile.stop.tokens}
        # What the model itself ends a turn with is no stop of the profile's making.
        usual = {*facts.eos_token_ids, tokenizer.eos_id}
        self._told_stops = {
            index: name
            for index, name in self._stop_names.items()
            if index not in usual and name not in full.delimiters
        }
        self.stop_token_ids = self._stop_ids(facts, full, literals)

    @classmethod
    def load(cls, facts: ModelFacts, profile: Profile) -> TextModel:
        """Read the text side of a model folder. Takes about as long as `tokenizers` takes to read."""
        tokenizer = Tokenizer.load(facts.path)
        sources = template_sources(facts.path, tokenizer.config, profile.model.chat_template)
        return cls(facts, profile, tokenizer, sources)

    @property
    def grammar(self) -> Grammar:
        """The output grammar, tool calls included."""
        return self._output.grammar

    def template_writes(self, text: str) -> bool:
        """Whether one of the model's chat templates contains `text`."""
        return any(text in template.source for template in self._templates.values())

    def render(self, request: GenerationRequest) -> Prompt:
        """The prompt of a request. Takes milliseconds of CPU.

        A raw `prompt` is taken to the letter: no template, special tokens recognised, the tokenizer's own
        bos token before it; with a `suffix` it is the text before a gap. Raises `TemplateError`,
        `UnsupportedParameter` or `RequestError`.
        """
        if request.suffix is not None:
            return self._gap_prompt(request)
        if request.prompt is not None:
            return self._raw_prompt(request.prompt)
        messages = self._with_system(request.messages)
        if not messages:
            raise RequestError("there are no messages", param="messages")
        if request.continue_final and messages[-1].role != "assistant":
            raise RequestError("only an assistant's message can be continued", param="messages")
        declared = [tool_schema(tool) for tool in request.tools if request.tool_choice != "none"]
        template = self._template(bool(declared))
        if declared and "tools" not in template.variables:
            raise UnsupportedParameter(
                "this model's chat template has no place for tools", hint="send no tools", param="tools"
            )
        variables, warnings = self._variables(request, template)
        chat = self._marker.mark(template_messages(messages, developer="developer" in template.literals))
        text, merged = self._rendered(template, chat, self._marker.mark(declared) or None, variables, request)
        segments = self._marker.segments(text)
        write = self._output.alphabet.write
        opened = self._output.opened(
            "".join(part.text if part.literal else write(part.text) for part in segments)
        )
        return Prompt(
            "".join(part.text for part in segments),
            self.tokenizer.encode_segments(segments),
            opened,
            request.continue_final,
            (*self._sources.warnings, *warnings, *merged),
        )

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a raw text; special tokens spelled in it are recognised."""
        return self.tokenizer.encode(text)

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self.tokenizer.encode(text))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens left out."""
        return self.tokenizer.decode(ids)

    def token_text(self, token: int) -> tuple[str, bytes]:
        """One token's text and bytes, special tokens spelled; bytes that are no UTF-8 read U+FFFD."""
        if token in self.tokenizer.added:
            text = self.tokenizer.added[token]
            return text, text.encode()
        if self._pieces is None:
            text = self.tokenizer.decode([token])
            return text, text.encode()
        found = self._pieces.bytes_of(token)
        return found.decode(errors="replace"), found

    def token_id(self, text: str) -> int | None:
        """The id of the token spelled `text`, if there is one."""
        return self.tokenizer.token_id(text)

    @property
    def infills(self) -> bool:
        """Whether the model can fill the gap between a prompt and a suffix."""
        return self._infill is not None

    def template_source(self) -> str:
        """The chat template that a chat without tools takes."""
        return self._templates[self._sources.default].source

    def stops_of(self, request: GenerationRequest) -> tuple[int, ...]:
        """The token ids that end this request's output."""
        if request.suffix is None or self._infill is None:
            return self.stop_token_ids
        return tuple(dict.fromkeys((*self.stop_token_ids, *self._infill.stop_ids)))

    def reasoning_budget(self, prompt: Prompt, limit: int) -> ReasoningBudget | None:
        """How the engine ends reasoning after `limit` tokens; `None` where the grammar has no reasoning."""
        texts = self._output.budget
        if texts is None:
            return None
        opened = self._output.starts_reasoning(prompt.opened)
        start, end = (self.encode(text) for text in texts)
        return ReasoningBudget(limit=limit, start=start, end=end, opened=opened)

    def decoder(self, prompt: Prompt, request: GenerationRequest) -> Decoder:
        """A decoder for one output; see `OutputGrammars.of` for what it recognises."""
        raw = request.prompt is not None
        stops = request.stop if request.stop is not None else self.profile.stop.sequences
        return Decoder(
            DecoderSetup(
                grammar=self._output.of(request),
                alphabet=self._output.alphabet,
                opened=Opened("text") if raw else prompt.opened,
                detokenizer=self._detokenizer(strip=not raw and not prompt.continues),
                stops=Stops(stops),
                stop_everywhere=self.profile.stop.scope == "all",
                special=self.tokenizer.special,
                stop_ids=frozenset(self.stops_of(request)),
                stop_names=self._told_stops,
                tools=request.tools,
                one_call=request.parallel_tool_calls is False,
                raw=raw,
            )
        )

    def _detokenizer(self, *, strip: bool) -> Detokenizer:
        if self._pieces is None:
            return WindowDetokenizer(self.tokenizer)
        return ByteDetokenizer(self._pieces, strip=strip)

    def _control_tokens(self, literals: str, grammar: Grammar) -> list[str]:
        """Tokens that content may not write: special ones, and others that template or grammar use."""
        used = "\0".join((literals, *grammar.delimiters))
        tokenizer = self.tokenizer
        return [
            text
            for index, text in tokenizer.added.items()
            if not text.isspace() and (index in tokenizer.special or text in used)
        ]

    def _profile_stop(self, text: str) -> int:
        found = self.token_id(text)
        if found is None:
            names = [*self.tokenizer.added_ids, *self.tokenizer.backend.get_vocab()]
            near = difflib.get_close_matches(text, self.tokenizer.added_ids, 1) or difflib.get_close_matches(
                text, [name for name in names if abs(len(name) - len(text)) < 2], 1
            )
            raise ProfileError(
                f"stop.tokens: this model has no token {text!r}",
                hint=f"did you mean {near[0]!r}?" if near else "use `stop: {sequences: […]}` for text",
                param="stop.tokens",
            )
        return found

    def _stop_ids(self, facts: ModelFacts, grammar: Grammar, literals: str) -> tuple[int, ...]:
        """eos of the model's files, ends of turns that template or grammar write, and the profile's own."""
        names = [text for text in presets.END_OF_TURN if text in literals and text not in grammar.delimiters]
        written = [self.tokenizer.added_ids.get(text) for text in (*names, *grammar.ends)]
        eos = [*facts.eos_token_ids, self.tokenizer.eos_id, *written, *self._stop_names]
        return tuple(dict.fromkeys(index for index in eos if index is not None))

    def _gap_prompt(self, request: GenerationRequest) -> Prompt:
        if self._infill is None:
            raise UnsupportedParameter(
                "this model cannot fill in text before a suffix: its tokenizer has no tokens for it",
                hint="send the prompt alone, or ask a code model that was trained to fill gaps",
                param="suffix",
            )
        if not isinstance(request.prompt, str):
            raise RequestError("a suffix needs a prompt given as text", param="suffix")
        segments = list(self._infill.segments(request.prompt, request.suffix or ""))
        text = "".join(part.text for part in segments)
        return Prompt(text, self._begun(self.tokenizer.encode_segments(segments)), Opened("text"), True)

    def _begun(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        """With the tokenizer's own bos token before them."""
        bos = self.tokenizer.bos_id
        return (bos, *ids) if self.tokenizer.adds_bos and bos is not None and ids[:1] != (bos,) else ids

    def _raw_prompt(self, prompt: str | tuple[int, ...]) -> Prompt:
        if isinstance(prompt, str):
            return Prompt(prompt, self._begun(self.encode(prompt)), Opened("text"), continues=True)
        size = self.tokenizer.backend.get_vocab_size()
        if any(not 0 <= index < size for index in prompt):
            raise RequestError(f"token ids must be from 0 to {size - 1}", param="prompt")
        return Prompt(
            self.tokenizer.decode(prompt, skip_special=False), prompt, Opened("text"), continues=True
        )

    def _with_system(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The profile's system text, unless the request has one of its own."""
        system = self.profile.system
        if system is None or any(message.role in ("system", "developer") for message in messages):
            return messages
        return (Message("system", system), *messages)

    def _template(self, tools: bool) -> ChatTemplate:
        return self._templates[self._sources.for_tools if tools else self._sources.default]

    def _variables(
        self, request: GenerationRequest, template: ChatTemplate
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        known = template.variables
        options = request.reasoning
        if options.max_tokens is None:
            options = replace(options, max_tokens=self.profile.tokens.max_reasoning)
        wish = reasoning_variables(
            options, self.profile.reasoning, known, self.grammar.name, thinks=self._output.thinks
        )
        own = {**self.profile.chat_template_kwargs, **wish.values, **request.chat_template_kwargs}
        if reserved := _RESERVED & own.keys():
            raise UnsupportedParameter(
                f"{min(reserved)!r} cannot be set by chat_template_kwargs", param="chat_template_kwargs"
            )
        unused = [name for name in own if name not in known]
        warnings = tuple(f"this model's chat template does not use {name!r}" for name in unused)
        return {**self.tokenizer.named, **self._marker.mark(own)}, (*wish.warnings, *warnings)

    def _rendered(
        self,
        template: ChatTemplate,
        chat: list[dict[str, Any]],
        tools: list[Mapping[str, Any]] | None,
        variables: Mapping[str, Any],
        request: GenerationRequest,
    ) -> tuple[str, tuple[str, ...]]:
        """The text, from the first shape of the messages that the template takes in full.

        A template may refuse system messages, or leave them out, or want content in parts: what the system
        and the users said must stand in the text. If no shape brings it all, the first one that renders is
        taken (some templates rewrite content).
        """
        said = [item["content"].strip() for item in chat if item["role"] in ("system", "developer", "user")]
        refusal: TemplateError | None = None
        first: str | None = None
        for shape in shapes(chat):
            try:
                text = template.render(
                    shape.messages,
                    tools=tools,
                    variables=variables,
                    continue_final=request.continue_final,
                    add_generation_prompt=request.add_generation_prompt,
                )
            except TemplateError as error:
                refusal = refusal or error
                continue
            if all(_shown(content, text) for content in said):
                return text, shape.warnings
            first = text if first is None and not shape.warnings else first
        if first is None:
            raise refusal or TemplateError("the model's chat template shows nothing of the messages")
        return first, ()


def _shown(content: str, text: str) -> bool:
    """Whether a content stands in a prompt, if need be rewritten: its longest word does."""
    word = max(content.split(), key=len, default="")
    return content in text or (len(word) > 3 and word in text)
