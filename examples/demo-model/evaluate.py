"""Measure exact greedy matches by category, template and split, and print them as Markdown.

Exact means the whole reply: reasoning, markers, answer or call, and the end token.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from cases import Case, cases
from greedy import Greedy

COLUMNS = [(split, name) for split in ("known", "unseen") for name in ("chatml", "harmony")]
Key = tuple[str, str, str]


def measure(folder: Path, seed: int, each: int, show: int) -> dict[Key, list[bool]]:
    greedy = Greedy(folder)
    results: dict[Key, list[bool]] = defaultdict(list)
    for split, name in COLUMNS:
        chosen = cases(seed, split, each, name)
        outputs = greedy.batch([case.prompt for case in chosen])
        for case, output in zip(chosen, outputs, strict=True):
            exact = output == case.expected
            results[case.category, split, name].append(exact)
            if not exact and show > 0:
                show -= 1
                report(case, output)
    return results


def report(case: Case, text: str) -> None:
    question = case.messages[-1]["content"]
    mode = f"{case.mode.template} {case.mode.thinking}"
    print(f"- {case.category}, {case.split}, {mode}: {question!r}"
          f"\n  expected {case.expected!r}\n  got      {text!r}")  # fmt: skip


def share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.1%}" if hits else "-"


def table(results: dict[Key, list[bool]]) -> str:
    heads = [f"{split}, {name}" for split, name in COLUMNS]
    lines = ["| category | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for category in sorted({key[0] for key in results}):
        row = [share(results[category, split, name]) for split, name in COLUMNS]
        lines.append(f"| {category} | " + " | ".join(row) + " |")
    total = [
        share([hit for key, hits in results.items() if key[1:] == column for hit in hits])
        for column in COLUMNS
    ]
    lines.append("| **all** | " + " | ".join(f"**{cell}**" for cell in total) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=404)
    parser.add_argument("--each", type=int, default=20, help="cases per category and column")
    parser.add_argument("--show", type=int, default=0, help="print so many of the misses")
    arguments = parser.parse_args()
    print(table(measure(arguments.folder, arguments.seed, arguments.each, arguments.show)))


if __name__ == "__main__":
    main()
