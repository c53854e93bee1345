"""No message shows an API key, wherever it stands and whatever is wrong with its line."""

from __future__ import annotations

from typing import Any

import pytest

from mlxk.config.diagnostics import FORMATTERS
from mlxk.config.secrets import shown_lines


@pytest.mark.parametrize(
    "text",
    [
        'server: {api_keys: ["sekret", 3], listen: 7}',
        "server:\n  api_keys: [sekret, {}]",
        "server:\n  api_keys:\n    - sekret: 1",
        "server:\n  api_keys:\n  - {name: x, key: sekret, foo: 1}",
        "server:\n  api_keys:\n    - name: x\n      key: sekret\n      foo: 1",
        "server:\n  api_keys: [\n    sekret,\n    sekret: 1,\n  ]\n  listen: 7",
        "server:\n  api_key: sekret",
        "server:\n  admin_keys: [sekret, {}]",
        "server:\n  admin_keys:\n    - sekret: 1",
        "server:\n  api_keys: sekret",
        "server:\n  api_keys+: sekret",
        "server:\n  api_keys: ['sekret",
        "server:\n  api_keys: [sekret, sekret: : ]",
        "server:\n  api_keys:\n\n    - 'sek' sekret",
        "api_keys: [sekret]",
        "server:\n  api_keys: [{sekret: 1, sekret: 2}]",
        "server:\n  api_keys: {sekret: 1, sekret: 2}",
        "server:\n  api_keys: {sekret+: 1}",
        "server:\n  api_keys: {sekret: [], sekret+: []}",
        "server:\n  api_keys: [!sekret x]",
        "server:\n  api_keys: [*sekret]",
        "server:\n  api_keys: [&sekret a, &sekret b, *sekret]",
        "server:\n  api_keys: [!sekret!x]",
    ],
)
def test_a_wrong_line_does_not_show_its_key(folder: Any, text: str) -> None:
    folder.profile(f"{text}\n")
    found = folder.validate()
    assert found
    for show in FORMATTERS.values():
        assert "sekret" not in show(found)


@pytest.mark.parametrize(
    "assignment",
    [
        "server.api_keys=[sekret",
        "server.api_keys=sekret",
        "server.admin_keys=sekret",
        "server.admin_keys={sekret: 1}",
        "server.api_keys={sekret: 1}",
        "server.api_keys=[{sekret: 1, sekret: 1}]",
        "server.api_keys[0]=sekret",
        "server.api_keys.sekret=sekret",
        "server={api_keys: [sekret",
        "server={api_keys: sekret}",
        'server={"api_keys": [sekret sekret], x}',
        "server.api_keys=[a,\n  sekret",
    ],
)
def test_a_wrong_argument_does_not_show_its_key(folder: Any, assignment: str) -> None:
    folder.profile("")
    found = folder.errors(sets=[assignment])
    for show in FORMATTERS.values():
        assert "sekret" not in show(found).replace("--set server.api_keys.sekret", "")


def test_lines_keep_their_length_and_what_is_no_secret() -> None:
    text = (
        "mlxk: 1\nserver:\n  api_keys:\n    - ${env:KEY:?set it}\n    - abc\n    - '${env:K}'\n"
        "  listen: 127.0.0.1:1\n"
    )
    shown = shown_lines(text)
    assert shown == (
        "mlxk: 1",
        "server:",
        "  api_keys:",
        "    * ${env:KEY:?set it}",
        "    * ***",
        "    * '${env:K}'",
        "  listen: 127.0.0.1:1",
    )
    assert [len(line) for line in shown] == [len(line) for line in text.splitlines()]
