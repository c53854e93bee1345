"""The text side of one model: prompts in, a decoder for what comes out."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.config.schema import Profile
from mlxk.errors import ModelError
from mlxk.hub.facts import ModelFacts
from mlxk.requests import GenerationRequest, ReasoningBudget
from mlxk.text.chat import ChatWriter
from mlxk.text.decoder import Decoder, DecoderSetup
from mlxk.text.detokenizer import Detokenizer, detokenizer_of
from mlxk.text.grammar import Grammar, Opened
from mlxk.text.infill import infill_of
from mlxk.text.output import OutputGrammars
from mlxk.text.pieces import pieces_of
from mlxk.text.preamble import Preambles
from mlxk.text.prompt import Marker, Prompt
from mlxk.text.raw_prompt import gap_prompt, raw_prompt
from mlxk.text.source import TemplateSources, template_sources
from mlxk.text.stop_tokens import named_stops, stop_ids
from mlxk.text.stops import Stops
from mlxk.text.templates import Templates
from mlxk.text.tokenizer import Tokenizer
from mlxk.text.tokenizer_files import read_json
from mlxk.text.tools.format import ToolFormat


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
        self._templates = Templates.of(sources)
        self._output = OutputGrammars(profile, tokenizer, self._templates)
        full = self._output.grammar
        literals = self._templates.literals
        tokens = self._control_tokens(literals, full)
        words = {text for text in full.delimiters - set(tokens) if _is_mark(text)}
        self._marker = Marker(tokens, words)
        self._chat = ChatWriter(profile, self._templates, tokenizer.named, self._output, self._marker)
        self._preambles = Preambles(self._chat, self._marker, tokenizer, profile.system)
        self._pieces = pieces_of(tokenizer)
        self._infill = infill_of(tokenizer)
        self._stop_names = named_stops(profile, tokenizer)
        # What the model itself ends a turn with is no stop of the profile's making.
        usual = {*facts.eos_token_ids, tokenizer.eos_id}
        self._told_stops = {
            index: name
            for index, name in self._stop_names.items()
            if index not in usual and name not in full.delimiters
        }
        self.stop_token_ids = stop_ids(facts, tokenizer, full, literals, self._stop_names)

    @classmethod
    def load(cls, facts: ModelFacts, profile: Profile) -> TextModel:
        """Read the text side of a model folder. Takes about as long as `tokenizers` takes to read."""
        trusted = profile.model.trust_remote_code
        tokenizer = Tokenizer.load(facts.tokenizer, trust_remote_code=trusted)
        _check_size(tokenizer, facts)
        wanted = profile.model.chat_template
        sources = template_sources(facts.tokenizer, tokenizer.config, wanted)
        if sources.is_fallback and facts.other_tokenizer is not None:
            own = read_json(facts.path / "tokenizer_config.json")
            sources = template_sources(facts.path, own, wanted)
        return cls(facts, profile, tokenizer, sources)

    @property
    def grammar(self) -> Grammar:
        """The output grammar, tool calls included."""
        return self._output.grammar

    @property
    def tool_formats(self) -> tuple[ToolFormat, ...]:
        """The formats that the model's tool calls are read in, its own first."""
        return self._output.formats

    @property
    def reasoning_ends(self) -> tuple[str, str] | None:
        """What begins reasoning, and what ends it as the model itself would; `None` without reasoning."""
        return self._output.budget

    def template_writes(self, text: str) -> bool:
        """Whether one of the model's chat templates contains `text`."""
        return any(text in template.source for template in self._templates.all)

    def render(self, request: GenerationRequest) -> Prompt:
        """The prompt of a request. Takes milliseconds of CPU.

        A raw `prompt` is taken to the letter: no template, special tokens recognised, the tokenizer's own
        bos token before it; with a `suffix` it is the text before a gap. Raises `TemplateError`,
        `UnsupportedParameter` or `RequestError`.
        """
        if request.suffix is not None:
            return gap_prompt(request, self.tokenizer, self._infill)
        if request.prompt is not None:
            return raw_prompt(request.prompt, self.tokenizer)
        written = self._chat.write(request)
        segments = self._marker.segments(written.text)
        opened = self._output.opened(self._output.alphabet.write(self._marker.visible(written.text)))
        return Prompt(
            "".join(part.text for part in segments),
            self.tokenizer.encode_segments(segments),
            opened,
            request.continue_final,
            written.warnings,
            written.effort,
        )

    def preamble(self, request: GenerationRequest, prompt: Prompt) -> int:
        """How many tokens at the beginning of a request's prompt are its system text and tools."""
        return self._preambles.count(request, prompt)

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
    def thinks(self) -> bool:
        """Whether the model's output has reasoning that is told apart from its answer."""
        return self._output.thinks

    @property
    def takes_tools(self) -> bool:
        """Whether the chat template has a place for tools."""
        return self._templates.shows_tools

    @property
    def infills(self) -> bool:
        """Whether the model can fill the gap between a prompt and a suffix."""
        return self._infill is not None

    def template_source(self) -> str:
        """The chat template that a chat without tools takes."""
        return self._templates.default.source

    def stops_of(self, request: GenerationRequest) -> tuple[int, ...]:
        """The token ids that end this request's output."""
        if request.suffix is None or self._infill is None:
            return self.stop_token_ids
        return tuple(dict.fromkeys((*self.stop_token_ids, *self._infill.stop_ids)))

    def reasoning_budget(self, prompt: Prompt, limit: int) -> ReasoningBudget | None:
        """How the engine ends reasoning after `limit` tokens; `None` where the grammar has no reasoning."""
        if self.reasoning_ends is None:
            return None
        opened = self._output.starts_reasoning(prompt.opened)
        start, end = (self.encode(text) for text in self.reasoning_ends)
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
        return detokenizer_of(self._pieces, self.tokenizer, strip=strip)

    def _control_tokens(self, literals: str, grammar: Grammar) -> list[str]:
        """Tokens that content may not write: special ones, and others that template or grammar use."""
        used = "\0".join((literals, *grammar.delimiters))
        tokenizer = self.tokenizer
        return [
            text
            for index, text in tokenizer.added.items()
            if not text.isspace() and (index in tokenizer.special or text in used)
        ]


def _check_size(tokenizer: Tokenizer, facts: ModelFacts) -> None:
    """Another tokenizer than the model's own must not know more tokens than the model."""
    if facts.other_tokenizer is None or facts.vocabulary is None:
        return
    size = max(tokenizer.backend.get_vocab(with_added_tokens=True).values(), default=-1) + 1
    if size > facts.vocabulary:
        raise ModelError(
            f"model.tokenizer: {facts.tokenizer.name} has {size} tokens, and {facts.reference} knows "
            f"{facts.vocabulary}",
            hint="a tokenizer fits the models that were trained with it",
        )


def _is_mark(text: str) -> bool:
    """Whether a delimiter is more than a word or white space, which stand in content by the thousand."""
    return len(text.strip()) > 1 and not text.strip().isalnum()
