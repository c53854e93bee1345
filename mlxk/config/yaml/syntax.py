"""What PyYAML's scanner and parser say of a broken text, in a user's words and without those of the file,
which may be secret."""

from __future__ import annotations

import yaml

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.origins import Origin, Source
from mlxk.config.yaml.tree import Builder

# What stands in the context and the problem of an error, what it means, and whether to look where it began.
_SYNTAX = (
    ("while scanning a quoted scalar", "end of stream", "a quotation mark that is never closed", True),
    ("while scanning a simple key", "could not find expected ':'", "a key without its `:`", True),
    ("while parsing a flow sequence", "", "a `[` without its `]`, or a missing comma", True),
    ("while parsing a flow mapping", "", "a `{` without its `}`, or a missing comma", True),
    ("", "mapping values are not allowed here", "a `:` where none can stand", False),
    ("", "expected <block end>", "this line is not indented like those around it", False),
    ("", "found undefined alias", "an alias to an anchor that is not there", False),
    ("", "found duplicate anchor", "an anchor that is there twice", False),
    ("", "found undefined tag handle", "an unknown tag", False),
)


def _in_plain_words(error: yaml.MarkedYAMLError) -> tuple[str, yaml.Mark | None]:
    context, problem = str(error.context or ""), str(error.problem or "")
    for within, said, message, at_start in _SYNTAX:
        if within in context and said in problem:
            return message, error.context_mark if at_start else error.problem_mark
    return " ".join((problem or context or "not YAML").split()), error.problem_mark or error.context_mark


def _line(source: Source, mark: yaml.Mark | None) -> str:
    return source.lines[mark.line] if mark is not None and mark.line < len(source.lines) else ""


def syntax_error(error: yaml.YAMLError, text: str, builder: Builder) -> Diagnostic:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        origin = Origin(builder.kind, builder.source.label, line, column, 1, builder.source)
        return Diagnostic("E002", f"control character U+{ord(text[error.position]):04X} in the text", origin)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Diagnostic("E005", "not YAML", builder.origin_at(None))
    problem, mark = _in_plain_words(error)
    origin = builder.origin_at(mark)
    line_text = _line(builder.source, error.problem_mark or error.context_mark)
    indent = line_text[: len(line_text) - len(line_text.lstrip())]
    if "'\\t'" in str(error.problem) or "\t" in indent:
        there = builder.origin_at(error.problem_mark)
        return Diagnostic("E006", "a tab where YAML wants spaces", there, "indent with spaces")
    if "single document" in str(error.context or ""):
        message = "more than one YAML document in the file"
        return Diagnostic("E010", message, origin, "one profile a file: remove the `---`")
    if "${" in line_text:
        return Diagnostic("E005", problem, origin, 'inside [ ] and { } put quotes around "${…}"')
    return Diagnostic("E005", problem, origin)
