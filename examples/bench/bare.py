"""The bare loop that `rivals.bare` starts: loads on standard input, a line of JSON each; stamps on output."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from mlx_lm.generate import BatchGenerator
from mlx_lm.utils import load_model

Work = list[list[tuple[list[int], int, int]]]  # streams of (prompt, tokens, after)


def run(generator: Any, work: Work) -> list[list[tuple[float, list[float]]]]:
    """Each stream's requests one after another; (asked, stamps) of each."""
    answers: list[list[tuple[float, list[float]]]] = [[] for _ in work]
    of_uid: dict[int, int] = {}
    left = sum(map(len, work))
    said = 0
    waiting = set(range(len(work)))
    while left:
        for stream in [s for s in waiting if work[s] and said >= work[s][0][2]]:
            prompt, tokens, _ = work[stream].pop(0)
            answers[stream].append((time.perf_counter(), []))
            (uid,) = generator.insert([prompt], max_tokens=[tokens])
            of_uid[uid] = stream
            waiting.discard(stream)
        for response in generator.next_generated():
            stream = of_uid[response.uid]
            answers[stream][-1][1].append(time.perf_counter())
            said += 1
            if response.finish_reason is not None:
                left -= 1
                waiting.add(stream)
    return answers


def main() -> None:
    model, _ = load_model(Path(sys.argv[1]), trust_remote_code=True)
    generator = BatchGenerator(model)
    for line in sys.stdin:
        print(json.dumps(run(generator, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
