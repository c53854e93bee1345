"""What decoding costs: microseconds per token of `Decoder.feed`, beside bare detokenising in the same run.

    python examples/bench/scanner.py [MODEL_FOLDER]

Without a folder it uses the model that the package ships. Each figure is the best of several rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenizers.decoders import DecodeStream

import mlxk
from mlxk.config.schema import Profile
from mlxk.errors import RequestError
from mlxk.hub import facts
from mlxk.requests import GenerationRequest, Message, Tool
from mlxk.text import TextModel

ROUNDS = 7
TOKENS = 4000
PROSE = "The quick brown fox jumps over the lazy dog, and 世界 says: Grüße! 🎉 if a < b then [x] = {y};\n"


def main() -> None:
    demo = Path(mlxk.__file__).parent / "hub" / "builtin" / "demo"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else demo
    profile = Profile.model_validate({"model": {"path": str(path)}})
    text = TextModel.load(facts.read(path), profile)
    prose = (text.encode(PROSE) * (TOKENS // len(text.encode(PROSE)) + 1))[:TOKENS]
    bare = per_token(lambda: stream(text, prose), len(prose))
    print(f"{'tokenizers decode stream':34} {bare:6.2f} us/token")
    for name, request in requests(text).items():
        cost = per_token(lambda request=request: decode(text, prose, request), len(prose))
        print(f"{name:34} {cost:6.2f} us/token  {cost / bare:5.2f} x")


def requests(text: TextModel) -> dict[str, GenerationRequest]:
    hello = (Message("user", "Hello"),)
    wanted = {
        f"Decoder.feed, grammar {text.grammar.name}": GenerationRequest(messages=hello),
        "Decoder.feed, tools and four stops": GenerationRequest(
            messages=hello, tools=(Tool("get_weather"),), stop=("END", "\n\n\n", "###", "User:")
        ),
        "Decoder.feed, raw completion": GenerationRequest(prompt="Hello"),
    }
    return {name: request for name, request in wanted.items() if accepts(text, request)}


def accepts(text: TextModel, request: GenerationRequest) -> bool:
    """Templates without a place for tools leave that figure out."""
    try:
        text.render(request)
    except RequestError as error:
        print(f"left out: {error}")
        return False
    return True


def decode(text: TextModel, ids: Sequence[int], request: GenerationRequest) -> None:
    decoder = text.decoder(text.render(request), request)
    for token in ids:
        decoder.feed((token,))
    decoder.finish("length")


def stream(text: TextModel, ids: Sequence[int]) -> None:
    detokenizer = DecodeStream(skip_special_tokens=False)
    backend = text.tokenizer.backend
    for token in ids:
        detokenizer.step(backend, token)


def per_token(work: Callable[[], None], tokens: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / tokens * 1e6


if __name__ == "__main__":
    main()
