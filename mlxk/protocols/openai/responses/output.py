"""The items of an answer: one for each block of a generation.

Ids tell where an item is stored: all those of an answer end like its own id, and a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from mlxk.events import Block, BlockKind, Start, TokenLogprob, Usage
from mlxk.protocols.base import Json
from mlxk.protocols.carrier import carried
from mlxk.protocols.openai.responses.items import Status
from mlxk.protocols.openai.responses.turns import CUSTOM_INPUT

RESPONSE = "resp_"
_PREFIXES: dict[BlockKind, str] = {"text": "msg_", "reasoning": "rs_", "tool_call": "fc_"}
_CUSTOM = "ctc_"


def id_of(start: Start) -> str:
    return f"{RESPONSE}{start.id.removeprefix('gen-')}"


def response_of(item_id: str) -> str:
    """The id of the response that an item belongs to."""
    return f"{RESPONSE}{item_id.partition('_')[2].rpartition('_')[0]}"


@dataclass(frozen=True, slots=True)
class ItemWriter:
    """`custom` are the names of custom tools; `carries` that reasoning has its `encrypted_content`."""

    custom: frozenset[str]
    carries: bool

    def is_custom(self, block: Block) -> bool:
        return block.kind == "tool_call" and block.name in self.custom

    def id(self, response: str, index: int, block: Block) -> str:
        prefix = _CUSTOM if self.is_custom(block) else _PREFIXES[block.kind]
        return f"{prefix}{response.removeprefix(RESPONSE)}_{index}"

    def item(self, item_id: str, block: Block, status: Status) -> Json:
        """What a block is as an item; of one that is in progress, there is nothing yet."""
        head = {"id": item_id, "status": status}
        begun = status != "in_progress"
        match block.kind:
            case "text":
                content = [text_part(block)] if begun else []
                return {**head, "type": "message", "role": "assistant", "content": content}
            case "reasoning":
                thought: dict[str, object] = {**head, "type": "reasoning", "summary": []}
                thought["content"] = [reasoning_part(block)] if begun else []
                if self.carries and begun:
                    thought["encrypted_content"] = carried(block.text)
                return thought
            case "tool_call":
                call = {"id": item_id, "call_id": block.id, "name": block.name}
                if self.is_custom(block):
                    # OpenAI's type of it has no status.
                    return {**call, "type": "custom_tool_call", "input": custom_input(block.text)}
                return {**call, "type": "function_call", "arguments": block.text, "status": status}


def text_part(block: Block) -> Json:
    return {
        "type": "output_text",
        "text": block.text,
        "annotations": [],
        "logprobs": [logprob(token) for token in block.logprobs],
    }


def reasoning_part(block: Block) -> Json:
    return {"type": "reasoning_text", "text": block.text}


def custom_input(arguments: str) -> str:
    """The text that a custom tool is given; arguments that do not have it are given as they are."""
    try:
        said = msgspec.json.decode(arguments, type=dict[str, object]).get(CUSTOM_INPUT)
    except msgspec.MsgspecError:
        said = None
    return said if isinstance(said, str) else arguments


def logprob(token: TokenLogprob) -> Json:
    return {**_token(token), "top_logprobs": [_token(top) for top in token.top]}


def _token(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.token_bytes)}


def delta_logprobs(tokens: Sequence[TokenLogprob]) -> list[Json]:
    """Log-probabilities as deltas have them: without bytes."""
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": top.token, "logprob": top.logprob} for top in token.top],
        }
        for token in tokens
    ]


def usage_body(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
