"""Write `vetted.jsonl`: prompts that tests may rely on, with the exact greedy output.

The list holds plain known phrasings: frames of the training set as they stand, without typos,
prefixes, recasting or changed case, with freshly drawn values and earlier turns, over all
categories, both templates and every way of thinking, and the promised exchanges (`corpus/promised.py`)
besides. It is drawn by its seed before anything is generated (`--prompts` writes it without a
model), and nothing is dropped afterwards: `intended` says whether the output is the one the
generator meant, `margin` by how many nats the closest of its tokens won (other hardware rounds
differently).
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from cases import Case, cases, promised_cases
from greedy import Greedy, Output

THINK = re.compile(r"^<think>\n(.*?)\n</think>\n\n", re.DOTALL)
TOOL_CALL = re.compile(r"\n?<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)
CHANNEL = re.compile(
    r"<\|channel\|>(\w+)(?: to=functions\.(\S+) <\|constrain\|>json)?<\|message\|>(.*?)"
    r"<\|(?:end|return|call)\|>",
    re.DOTALL,
)


def parsed(body: str) -> Any:
    """The JSON of a call, or its text where the model wrote none that parses."""
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        return body


def read_chatml(text: str) -> dict[str, Any]:
    text = text.removesuffix("<|im_end|>")
    thought = THINK.match(text)
    rest = text[thought.end() :] if thought else text
    calls = [parsed(body) for body in TOOL_CALL.findall(rest)]
    return reply(TOOL_CALL.sub("", rest), thought.group(1) if thought else "", calls)


def read_harmony(text: str) -> dict[str, Any]:
    answer, reasoning, calls = "", "", []
    for channel, name, body in CHANNEL.findall(text):
        if name:
            calls.append({"name": name, "arguments": parsed(body)})
        elif channel == "analysis":
            reasoning = body
        else:
            answer = body
    return reply(answer, reasoning, calls)


def reply(answer: str, reasoning: str, calls: list[Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"answer": answer}
    return out | ({"reasoning": reasoning} if reasoning else {}) | ({"tool_calls": calls} if calls else {})


READERS = {"chatml": read_chatml, "harmony": read_harmony}


def line(number: int, case: Case, output: Output) -> dict[str, Any]:
    intended = output.text == case.expected
    return {
        "id": f"{case.category.replace(':', '').replace(' ', '-')}-{number:03}",
        "template": case.mode.template,
        "thinking": case.mode.thinking,
        "messages": case.messages,
        **({"tools": case.tools} if case.tools else {}),
        **READERS[case.mode.template](output.text),
        "raw": output.text,
        "intended": intended,
        "margin": round(output.margin, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "vetted.jsonl")
    parser.add_argument("--seed", type=int, default=303)
    parser.add_argument("--each", type=int, default=7, help="prompts per category and template")
    parser.add_argument("--promised", type=int, default=12, help="promised exchanges per mode")
    parser.add_argument("--prompts", type=Path, help="only write the prompts and what is intended")
    arguments = parser.parse_args()
    chosen = [
        case
        for template in READERS
        for case in cases(arguments.seed, "known", arguments.each, template, plain=True)
    ] + promised_cases(arguments.seed, arguments.promised)
    if arguments.prompts:
        pairs = ({"prompt": case.prompt, "intended": case.expected} for case in chosen)
        text = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
        arguments.prompts.write_text(text, encoding="utf-8")
        return
    greedy = Greedy(arguments.folder)
    lines = [line(number, case, greedy(case.prompt)) for number, case in enumerate(chosen, 1)]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    arguments.out.write_text(text, encoding="utf-8")
    print(f"{sum(each['intended'] for each in lines)} of {len(lines)} as intended")
    for case, each in zip(chosen, lines, strict=True):
        if not each["intended"]:
            print(f"- {each['id']}: expected {case.expected!r}\n  got {each['raw']!r}")


if __name__ == "__main__":
    main()
