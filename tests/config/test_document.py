"""Strict YAML 1.2: what values are, where they stand, and what is refused."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from mlxk.config.origins import Source
from mlxk.config.values import Items, Scalar, key_origin, lookup, plain
from mlxk.config.yaml.document import Document, parse, read
from mlxk.config.yaml.strict import MAX_BYTES


def parsed(text: str) -> Document:
    return parse(text, Source("x.yaml", tuple(text.splitlines())))


def only_code(document: Document) -> str:
    (problem,) = document.problems
    return problem.code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("1e-3", 0.001),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("+7", 7),
        ("-0", 0),
        ("22:22", "22:22"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("0b11", "0b11"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ('"no"', "no"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    document = parsed(f"a: {text}")
    assert not document.problems
    found = plain(document.root)
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_positions_of_keys_and_values() -> None:
    document = parsed("a:\n  bcd: [1, xyz]\n")
    item = lookup(document.root, ("a", "bcd", 1))
    assert isinstance(item, Scalar)
    assert (item.origin.line, item.origin.column, item.origin.width) == (2, 12, 3)
    key = key_origin(document.root, ("a", "bcd"))
    assert key is not None
    assert (key.line, key.column, key.width) == (2, 3, 3)


def test_a_plus_appends_and_own_keys_are_dropped() -> None:
    document = parsed("a+: [1]\nx-mine: {anything: [goes]}\nb: {x-too: 1, c: 2}\n")
    appended = lookup(document.root, ("a",))
    assert isinstance(appended, Items)
    assert appended.appends
    assert plain(document.root) == {"a": [1], "b": {"c": 2}}


def test_merge_keys_and_anchors() -> None:
    document = parsed("x-base: &base {a: 1, b: 2}\nc:\n  b: 3\n  <<: *base\nd: {<<: [{a: 9}, *base]}\n")
    assert not document.problems
    assert plain(document.root) == {"c": {"a": 1, "b": 3}, "d": {"a": 9, "b": 2}}


def test_every_duplicate_key_is_told() -> None:
    document = parsed("a: 1\na: 2\nb: {c: 1, 'c': 2}\n1: x\n'1': y\n")
    assert [item.code for item in document.problems] == ["E007", "E007", "E007"]
    assert [item.origin.line for item in document.problems if item.origin] == [2, 3, 5]


def test_a_key_hidden_by_a_merge_key_is_no_duplicate() -> None:
    assert not parsed("x-a: &a {k: 1}\nb: {<<: *a, k: 2}\n").problems


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "E004", 0),
        ("# only a comment\n", "E004", 0),
        ("a:\n\tb: 1\n", "E006", 2),
        ("a: 'x", "E005", 1),
        ("a: {b: 1", "E005", 1),
        ("a: b: c", "E005", 1),
        ("a: *nowhere", "E005", 1),
        ("a: \x01b", "E002", 1),
        ("a: 1\n---\nb: 2\n", "E010", 2),
        ("- a\n", "E010", 1),
        ("text", "E010", 1),
        ("[a]: 1", "E010", 1),
        ("a: !mine 1", "E011", 1),
        ("a: !!python/object:os.system 1", "E011", 1),
        ("a: !!timestamp 2024-01-01", "E011", 1),
        ("a: " + "9" * 5000, "E012", 1),
        ("a: &a {b: *a}", "E008", 1),
        ("a: &a [*a]", "E008", 1),
        ("a+: 1", "E108", 1),
        ("a: [1]\na+: [2]", "E108", 2),
    ],
)
def test_refused_text(text: str, code: str, line: int) -> None:
    document = parsed(text)
    assert only_code(document) == code
    assert document.problems[0].origin is not None
    assert document.problems[0].origin.line == line


def test_an_unquoted_interpolation_in_a_list_hints_at_quotes() -> None:
    (problem,) = parsed("a: [${env:X}]").problems
    assert problem.help == 'inside [ ] and { } put quotes around "${…}"'


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "E008"),
        ("a: " + "[" * 3000 + "]" * 3000, "E009"),
        ("a: " + "[" * 3000, "E009"),
        ("a: " + "{a: " * 3000, "E009"),
        ("- " * 3000 + "1", "E009"),
        ("? " * 3000, "E009"),
        ("\n".join(" " * i + "a:" for i in range(300)), "E009"),
    ],
    ids=["aliases", "closed", "open", "mappings", "items", "complex-keys", "indents"],
)
def test_bombs_are_refused_in_milliseconds(text: str, code: str) -> None:
    start = time.process_time()
    document = parsed(text)
    assert time.process_time() - start < 5.0  # unbounded, it would be minutes
    assert only_code(document) == code


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert only_code(read(tmp_path / "none.yaml", "none.yaml")) == "E001"
    assert only_code(read(tmp_path, "folder")) == "E001"
    os.mkfifo(tmp_path / "fifo.yaml")
    assert only_code(read(tmp_path / "fifo.yaml", "fifo.yaml")) == "E001"
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert only_code(read(tmp_path / "loop.yaml", "loop.yaml")) == "E001"


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.yaml")
        document = read(tmp_path / "s.yaml", "s.yaml")
    assert only_code(document) == "E001"


def test_no_permission_is_told() -> None:
    # Even root may not read this one: the kernel answers EPERM, EACCES or EIO.
    path = next(path for path in map(Path, ("/proc/self/mem", "/proc/self/clear_refs")) if path.exists())
    document = read(path, str(path))
    assert only_code(document) == "E001"
    assert document.problems[0].message.startswith("cannot read the file: ")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a: \xff\xfe\n", "E002"),
        (b"a: 1\nb: caf\xe9\n", "E002"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "E002"),
        ("a: 1".encode("utf-16"), "E002"),
        (b"a: " + b"x" * (10 << 20), "E003"),
        (b"a: " + b"x" * MAX_BYTES, "E003"),
        (b"", "E004"),
        (b"\xef\xbb\xbf", "E004"),
    ],
    ids=["bytes", "latin-1", "binary", "utf-16", "10-MiB", "a-little-too-long", "empty", "only-a-bom"],
)
def test_refused_bytes(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    assert only_code(read(path, "a.yaml")) == code


def test_invalid_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert read(path, "a.yaml").problems[0].message == "not UTF-8 text: byte 0xe9 at line 2, column 7"


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    document = read(path, "a.yaml")
    assert not document.problems
    assert plain(document.root) == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 'x\nb: 1\n", "a quotation mark that is never closed", (1, 4)),
        ("a: [1,\n  2\nb: 3\n", "a `[` without its `]`, or a missing comma", (1, 4)),
        ("a: {b: 1\nc: 2\n", "a `{` without its `}`, or a missing comma", (1, 4)),
        ("a: b: c\n", "a `:` where none can stand", (1, 5)),
        ("abc\ndef: 1\n", "a `:` where none can stand", (2, 4)),
        ("a:\n  b: 1\n c: 2\n", "this line is not indented like those around it", (3, 2)),
        ("a: *b\n", "an alias to an anchor that is not there", (1, 4)),
    ],
)
def test_yaml_errors_are_in_plain_words_where_they_began(
    text: str, message: str, place: tuple[int, int]
) -> None:
    (item,) = parsed(text).problems
    assert item.message == message
    assert item.origin is not None
    assert (item.origin.line, item.origin.column) == place


def test_an_expression_without_quotes_in_a_list_is_told_so() -> None:
    (item,) = parsed("a: [\n  1,\n  ${env:X}\n]\n").problems
    assert item.help == 'inside [ ] and { } put quotes around "${…}"'
