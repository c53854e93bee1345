"""`mlxk migrate`: which keys are rewritten, that nothing else is, and what is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxk.config import renames, shape
from mlxk.config.diagnostics import human
from mlxk.config.files import ProfileFile, RepositoryFile, UserFile
from mlxk.config.migration import Migration, migrate, write
from mlxk.config.yaml.spans import data, parse
from mlxk.errors import ProfileError
from tests.config.conftest import Folder


def migrated(folder: Folder, text: str | bytes, name: str = "p.yaml") -> Migration:
    path = folder.write(name, text)
    return migrate(path, name, RepositoryFile if name == "mlxk.yaml" else ProfileFile)


def after(folder: Folder, text: str) -> str:
    found = migrated(folder, text)
    assert found.problems == (), human(found.problems)
    again = migrated(folder, found.after)
    assert (again.changes, again.after) == ((), found.after)
    return found.after


def refused(folder: Folder, text: str) -> str:
    found = migrated(folder, text)
    assert found.after == found.before
    assert found.changes == ()
    return human(found.problems)


HEAD = "mlxk: 1\nmodel: org/m\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # In place: the section is not there.
        ("temperature: 0.5  # warm\n", "sampling:\n  temperature: 0.5  # warm\n"),
        # Into the section that is there, with its comments.
        (
            "sampling:\n  top_k: 3\n\nsystem: hi\n# how\n# warm\ntemperature: 0.5  # warm\nttl: 5m\n",
            "sampling:\n  top_k: 3\n  # how\n  # warm\n  temperature: 0.5  # warm\n\nsystem: hi\nttl: 5m\n",
        ),
        # In braces: the comment becomes a line.
        (
            "sampling: {top_k: 3,} # s\ntemperature: 0.5  # warm\n",
            "sampling: {top_k: 3, temperature: 0.5,} # s\n# warm\n",
        ),
        ("sampling: {}\ntemp: 0.5\n", "sampling: {temperature: 0.5}\n"),
        # Several, one after another; four spaces stay four.
        (
            "variants:\n    a:\n        num_ctx: 5\n        max_tokens: 4 # m\n        top_p: 1\n",
            "variants:\n    a:\n        tokens:\n            context: 5\n            max_output: 4 # m\n"
            "        sampling:\n            top_p: 1\n",
        ),
        # Renamed where it stands.
        ("tokens:\n  # most\n  max-tokens: 4\n", "tokens:\n  # most\n  max_output: 4\n"),
        ('tokens: {"num_ctx":4}\n', 'tokens: {"context":4}\n'),
        ("maxTokens: 4", "tokens:\n  max_output: 4"),
        # Out of another section, which stays or goes.
        (
            "sampling:\n  top_k: 3\n  max_tokens: 4  # m\nsystem: hi\n",
            "sampling:\n  top_k: 3\ntokens:\n  max_output: 4  # m\nsystem: hi\n",
        ),
        (
            "options:  # ollama's\n  # big\n  num_ctx: 4  # four\nsystem: hi\n",
            "# ollama's\n# big\n# four\ntokens:\n  context: 4\nsystem: hi\n",
        ),
        (
            "options: {num_ctx: 4, stop: [a]}\nsystem: hi\n",
            "stop:\n  sequences: [a]\ntokens:\n  context: 4\nsystem: hi\n",
        ),
        # Text over lines, lists.
        ("system_prompt: |\n  a\n\n   b\n\nttl: 5m\n", "system: |\n  a\n\n   b\n\nttl: 5m\n"),
        ("stop:\n- a  # one\n- b\nttl: 5m\n", "stop:\n  sequences:\n  - a  # one\n  - b\nttl: 5m\n"),
        ("stop: END\n", "stop:\n  sequences: [END]\n"),
        (
            "stop_strings:\n  - a\n  - 'b, c'\nstop: {scope: all}\n",
            "stop: {scope: all, sequences: [a, 'b, c']}\n",
        ),
        ("stop_sequences+: [a]\n", "stop:\n  sequences+: [a]\n"),
        # Values that change.
        ("ttl: 600  # s\n", "ttl: 600s  # s\n"),
        ("keep_alive: -1\n", "ttl: never\n"),
        ("reasoning: false\n", "reasoning:\n  enabled: false\n"),
        (
            "# where\nport: 80  # p\nhost: 0.0.0.0  # h\n",
            "# where\nserver:\n  listen: 0.0.0.0:80  # p\n# h\n",
        ),
        ("server:\n  port: 80\n  host: '::1'\n", 'server:\n  listen: "[::1]:80"\n'),
        ("port: ${env:PORT}\n", 'server:\n  listen: "127.0.0.1:${env:PORT}"\n'),
        ("prompt_cache_bytes: 2G\n", 'engine:\n  prompt_cache:\n    bytes: "2GiB"\n'),
        (
            "engine: {concurrency: 2}\nprompt_cache_size: 3\n",
            "engine: {concurrency: 2, prompt_cache: {entries: 3}}\n",
        ),
        ("log_level: INFO\n", "log:\n  level: info\n"),
        # A value with an anchor, or an alias, goes as it is.
        ("seed: &s 5\nx-a: *s\n", "sampling:\n  seed: &s 5\nx-a: *s\n"),
        ("x-a: &s 5\nseed: *s\n", "x-a: &s 5\nsampling:\n  seed: *s\n"),
    ],
)
def test_rewritten(folder: Folder, old: str, new: str) -> None:
    assert after(folder, HEAD + old) == HEAD + new


@pytest.mark.parametrize(
    "text",
    [
        "x-own: {max_tokens: 4}\nchat_template_kwargs: {think: true, num_ctx: 4}\n",
        "request_policy: {clamp: {max_tokens: {max: 3}}, locked: [max_tokens]}\n",
        "output: {json_schema: {max_tokens: 3}}\n",
        "variants: {a: {port: 3}}\n",
        "nonsense: {max_tokens: 3}\n",
    ],
)
def test_what_is_free_or_nowhere_known_is_left_alone(folder: Folder, text: str) -> None:
    assert after(folder, HEAD + text) == HEAD + text


def test_the_short_form_of_a_model(folder: Folder) -> None:
    text = "mlxk: 1\nmodel: ./m  # mine\n# t\nchat_template: 'a, b.jinja'\n"
    assert after(folder, text) == "mlxk: 1\nmodel: {path: ./m, chat_template: 'a, b.jinja'}  # mine\n# t\n"


def test_the_parts_of_a_model(folder: Folder) -> None:
    text = "mlxk: 1\nfrom: org/m\nnum_draft_tokens: 4\ndraft_model: org/small\nadapter_path: ./a\n"
    new = "mlxk: 1\nmodel: {repo: org/m, draft: {tokens: 4, repo: org/small}, adapter: ./a}\n"
    assert after(folder, text) == new
    assert "`model.draft.path`" in refused(folder, "mlxk: 1\nmodel: org/m\ndraft_model: ./small\n")


@pytest.mark.parametrize("text", ["services: {web: {image: x, ports: [80]}}\n", "a: 1\n"])
def test_a_file_of_something_else_is_left_alone(folder: Folder, text: str) -> None:
    assert "this is no file of mlxk" in refused(folder, text)
    assert migrated(folder, text).changes == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("model: a/b\n", "mlxk: 1\nmodel: a/b\n"),
        ("# file\n\n# which\nmodel: a/b\n", "# file\n\nmlxk: 1\n# which\nmodel: a/b\n"),
        ("# file\nmodel: a/b\n", "# file\nmlxk: 1\nmodel: a/b\n"),
        ("---\nmodel: a/b\n", "---\nmlxk: 1\nmodel: a/b\n"),
        ("{model: a/b}", "{mlxk: 1, model: a/b}"),
        ('mlxk: "1"  # v\nmodel: a/b\n', "mlxk: 1  # v\nmodel: a/b\n"),
        ("mlxk: 1.0\nmodel: a/b\n", "mlxk: 1\nmodel: a/b\n"),
    ],
)
def test_the_version_of_the_language(folder: Folder, old: str, new: str) -> None:
    assert after(folder, old) == new


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_the_byte_order_mark_stay(folder: Folder, newline: str, mark: str) -> None:
    text = mark + newline.join(
        ["model: a/b", "temperature: 1 # w", "top_p: 1", "system: |", "  a", "", "  b", ""]
    )
    path = folder.write("p.yaml", text.encode())
    write(migrate(path, "p.yaml", ProfileFile))
    lines = [
        "mlxk: 1",
        "model: a/b",
        "sampling:",
        "  temperature: 1 # w",
        "  top_p: 1",
        "system: |",
        "  a",
        "",
        "  b",
    ]
    assert path.read_bytes().decode() == mark + newline.join([*lines, ""])


def test_a_repository_file_and_the_models_of_a_server(folder: Folder) -> None:
    text = 'mlxk: 1\noverrides:\n  "org/*": {max_tokens: 4}\n  port: {temperature: 1}\n'
    new = 'mlxk: 1\noverrides:\n  "org/*": {tokens: {max_output: 4}}\n  port: {sampling: {temperature: 1}}\n'
    assert migrated(folder, text, "mlxk.yaml").after == new
    text = "mlxk: 1\nmodels:\n  a: {model: o/a, variants: {b: {temp: 1}}}\ndefaults: {num_ctx: 5}\n"
    assert after(folder, text) == (
        "mlxk: 1\nmodels:\n  a: {model: o/a, variants: {b: {sampling: {temperature: 1}}}}\n"
        "defaults: {tokens: {context: 5}}\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "max_tokens: 4\ntokens: {max_output: 5}\n",
            "`max_tokens` is `tokens.max_output` here, which is set as well",
        ),
        (
            "max_tokens: 4\nnum_predict: 5\n",
            "`num_predict` and `max_tokens` are both `tokens.max_output` here",
        ),
        ("stop_sequences: [a]\nstop: {sequences+: [b]}\n", "which is set as well"),
        ("num_predict: -1\n", "not with this value"),
        ("host: a b\n", "write `server.listen` as host:port"),
        ("tokens:\nmax_tokens: 4\n", "`tokens` is no mapping"),
        ("tokens: &t {context: 9}\nx-t: *t\nmax_tokens: 4\n", "`tokens` has an anchor"),
        ("x-t: &t {max_tokens: 4}\ntokens: *t\n", "share it through an anchor"),
        ("x-t: &t {max_tokens: 4}\n<<: *t\n", "share it through an anchor"),
        ("? max_tokens\n: 4\n", "something stands before the key"),
        ("&k max_tokens: 4\n", "the key has an anchor"),
        ("options: {num_ctx: 4, # four\n  x-a: 1}\n", "a comment stands between braces"),
    ],
)
def test_refused(folder: Folder, text: str, said: str) -> None:
    report = refused(folder, HEAD + text + "temperature: 1\n")
    assert said in report
    assert "--> p.yaml:" in report


def test_what_cannot_be_read_is_told(folder: Folder) -> None:
    assert "[E007]" in refused(folder, "mlxk: 1\na: 1\na: 2\n")
    assert "[E005]" in refused(folder, "a: [\n")
    assert "[E001]" in human(migrate(folder.path / "gone.yaml", "gone.yaml", ProfileFile).problems)
    assert "[E101]" in refused(folder, "mlxk: 2\nmax_tokens: 4\n")
    assert "[E101]" in refused(folder, 'mlxk: 1\nrequires: ">=99"\nmax_tokens: 4\n')


def test_the_changes_name_lines_of_the_file_as_it_was(folder: Folder) -> None:
    found = migrated(folder, "# file\nmodel: o/m\ntemp: 1\nport: 80\n")
    said = [(change.line, change.old, change.new) for change in found.changes]
    assert said == [(2, None, "mlxk: 1"), (3, "temp", "sampling.temperature"), (4, "port", "server.listen")]


def test_writing_keeps_permissions_and_links(folder: Folder) -> None:
    real = folder.write("real.yaml", "model: o/m\n")
    real.chmod(0o640)
    link = folder.path / "p.yaml"
    link.symlink_to(real)
    write(migrate(link, "p.yaml", ProfileFile))
    assert link.is_symlink()
    assert real.read_text() == "mlxk: 1\nmodel: o/m\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in folder.path.iterdir()) == [".git", "p.yaml", "real.yaml"]


def test_a_file_that_was_changed_meanwhile_is_not_written_over(folder: Folder) -> None:
    found = migrated(folder, "model: o/m\n")
    folder.write("p.yaml", "model: o/n\n")
    with pytest.raises(ProfileError, match="has changed since it was read"):
        write(found)
    assert (folder.path / "p.yaml").read_text() == "model: o/n\n"


def test_every_row_leads_to_a_key() -> None:
    for row in renames.RENAMES:
        assert any(shape.at(file, row.to) is not None for file in (ProfileFile, UserFile)), row
        assert row.convert is None or row.help or row.only, row
    names = [(name, row.only) for row in renames.RENAMES for name in row.names]
    assert len(set(names)) == len(names)


# Any document: comments above and behind each entry, old and new names, in blocks and braces.

OLD = {
    "max_tokens": ("tokens", "max_output"),
    "num_ctx": ("tokens", "context"),
    "temp": ("sampling", "temperature"),
    "topP": ("sampling", "top_p"),
    "seed": ("sampling", "seed"),
    "stop_strings": ("stop", "sequences"),
    "system_prompt": ("system",),
}
VALUES = {
    "stop_strings": st.sampled_from(["[a, 'b # no']", "\n  - a\n  - b", "\n- a"]),
    "system_prompt": st.sampled_from(
        ["hi", '"a # b"', "|\n  a\n\n   b # no\n", ">-\n  a\n  b", "|+\n  a\n\n"]
    ),
}
NEW = (
    "sampling: {top_k: 3}",
    "sampling:\n  top_k: 3",
    "tokens:\n    max_reasoning: 3  #@",
    "stop: {scope: all}",
    "stop:\n  scope: all",
    "x-own:\n  max_tokens: 3\n\n  #@\n  temp: 1",
    "description: a",
    "ttl: 5m",
)  # fmt: skip
# Their lines, but for those in braces that something is put into.
KEPT = {line.removesuffix("#@").rstrip() for text in NEW if "{" not in text for line in text.split("\n")}
KEPT = (KEPT | {"mlxk: 1", "model: o/m"}) - {""}
numbers = itertools.count()


@st.composite
def documents(draw: st.DrawFn) -> str:
    old = draw(st.lists(st.sampled_from(sorted(OLD)), unique=True, min_size=1))
    entries = []
    for name in old:
        value = draw(VALUES.get(name, st.sampled_from(["1", " 2", "3 "])))
        entries.append(f"{name}:{'' if value.startswith(chr(10)) else ' '}{value}")
    entries += draw(st.lists(st.sampled_from(NEW), unique_by=lambda text: text.split(":")[0]))
    text = ""
    for entry in draw(st.permutations(entries)):
        text += draw(st.sampled_from(["", "\n", "#@\n", "# \n\n#@\n", "  #@\n", "#@\n#@\n"]))
        behind = draw(st.sampled_from(["", "", "  #@", " #@ "])) if "\n" not in entry else ""
        text += f"{entry}{behind}\n" if not entry.endswith("\n") else entry
    while "#@" in text:
        text = text.replace("#@", f"#<{next(numbers)}>", 1)
    return "mlxk: 1\nmodel: o/m\n" + text + draw(st.sampled_from(["", "\n", "# end"]))


@given(documents(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=120, deadline=None)
def test_any_document(tmp_path_factory: pytest.TempPathFactory, text: str, newline: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    text = text.replace("\n", newline)
    path.write_bytes(text.encode())
    found = migrate(path, "any.yaml", ProfileFile)
    if ("|" in text or ">-" in text) and found.problems:
        # Blank lines or comments that would come to stand right behind such a text would become part of it.
        assert found.after == text
        return
    assert found.problems == (), human(found.problems) + text
    # It says the same, with the old names in their new places.
    expected = data(parse(text))
    assert isinstance(expected, dict)
    for old in [name for name in OLD if name in expected]:
        value = expected.pop(old)
        below = expected
        for key in OLD[old][:-1]:
            below = below.setdefault(key, {})
        below[OLD[old][-1]] = value
    assert data(parse(found.after)) == expected
    # Every comment is there, once; every line that has nothing to do with a change is there, in its order.
    assert sorted(_comments(found.after)) == sorted(_comments(text))
    kept = [line for line in text.split(newline) if line.split("#<")[0].rstrip() in KEPT]
    assert [line for line in found.after.split(newline) if line in kept] == kept
    assert found.after.count("\r") == (found.after.count("\n") if newline == "\r\n" else 0)
    # Nothing is left to do.
    path.write_bytes(found.after.encode())
    assert migrate(path, "any.yaml", ProfileFile).changes == ()


def _comments(text: str) -> list[str]:
    return [part.split(">")[0] for part in text.split("#<")[1:]]


@pytest.mark.parametrize(
    ("text", "help_text"),
    [
        ("max_tokens: 4", "`max_tokens` is `tokens.max_output` here; `mlxk migrate` rewrites it"),
        ("options: {num_ctx: 4}", "what it sets has sections of its own here; `mlxk migrate` rewrites it"),
        ("sampling: {topP: 1}", "`topP` is `sampling.top_p` here; `mlxk migrate` rewrites it"),
        (
            "variants: {a: {temp: 1}}",
            "`temp` is `variants.a.sampling.temperature` here; `mlxk migrate` rewrites it",
        ),
        ("stop: [a]", "`stop` is `stop.sequences` here; `mlxk migrate` rewrites it"),
        ("ttl: 600", "write a number with s, m or h, such as 15m, or `never`; `mlxk migrate` rewrites it"),
        ("overflow: error", "`overflow` is `tokens.overflow` here; `mlxk migrate` rewrites it"),
        ("markers: []", "did you mean `reasoning.markers`?"),
        ("sampling: {sead: 1}", "did you mean `seed`?"),
    ],
)
def test_validate_names_the_key_and_the_command(folder: Folder, text: str, help_text: str) -> None:
    folder.profile(text)
    (found,) = folder.validate()
    assert found.help == help_text
    if "migrate" in help_text:
        folder.write("p.yaml", migrate(folder.path / "p.yaml", "p.yaml", ProfileFile).after)
        assert folder.validate() == []


def test_what_is_no_file_is_not_told_to_migrate(folder: Folder) -> None:
    folder.profile("")
    (found,) = folder.errors(sets=["max_tokens=4"])
    assert found.help == "`max_tokens` is `tokens.max_output` here"


PIECES = st.sampled_from(
    [
        *("max_tokens", "temp", "stop", "host", "port", "options", "sampling", "model", "ttl", "draft_model"),
        *(
            "1",
            "a",
            "true",
            "null",
            "~",
            "[",
            "]",
            "{",
            "}",
            ":",
            ": ",
            ", ",
            "\n",
            "\n  ",
            "- ",
            "&a ",
            "*a",
        ),
        *(
            "${env:X}",
            "'",
            '"',
            "|\n",
            ">+\n",
            "<<",
            "? ",
            "!!str ",
            "#c\n",
            " #",
            "\t",
            "\r\n",
            "\u2028",
            "---\n",
        ),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_stands_there(tmp_path_factory: pytest.TempPathFactory, text: str, known: bool) -> None:
    """No exception gets out, and what is written says the same with fewer old names, or nothing is."""
    path = tmp_path_factory.getbasetemp() / "whatever.yaml"
    path.write_bytes((f"mlxk: 1\n{text}" if known else text).encode())
    found = migrate(path, "whatever.yaml", ProfileFile)
    human(found.problems)
    if found.changes:
        assert found.problems == ()
        path.write_bytes(found.after.encode())
        again = migrate(path, "whatever.yaml", ProfileFile)
        assert (again.changes, again.problems) == ((), ())
