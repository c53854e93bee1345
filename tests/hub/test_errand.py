"""Work in a child process: its answer, its errors, its death."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlxk.errors import AccessDenied, ModelError
from mlxk.hub.errand import send

CHILD = """
import os
from mlxk.errors import AccessDenied
from mlxk.hub.errand import answer, tell

def work(order):
    print("not the answer")
    tell(far=1)
    tell(far=2)
    if order["do"] == "refuse":
        raise AccessDenied("no", hint="ask")
    if order["do"] == "break":
        raise LookupError("a bug")
    if order["do"] == "die":
        os._exit(3)
    return {"done": order["do"]}

answer(work)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "errand_child.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(filter(None, sys.path))}")
    return "errand_child"


def test_its_answer(child: str) -> None:
    assert send(child, {"do": "it"}, what="the work") == {"done": "it"}


def test_how_far_it_is_is_heard(child: str) -> None:
    heard: list[object] = []
    assert send(child, {"do": "it"}, what="the work", listener=heard.append) == {"done": "it"}
    assert heard == [{"far": 1}, {"far": 2}]


def test_its_error_is_raised_here(child: str) -> None:
    with pytest.raises(AccessDenied, match="no") as caught:
        send(child, {"do": "refuse"}, what="the work")
    assert caught.value.hint == "ask"


def test_a_bug_in_it_shows_no_traceback(child: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="internal error: LookupError: a bug"):
        send(child, {"do": "break"}, what="the work")
    assert capfd.readouterr().err == ""


def test_its_death_is_told(child: str) -> None:
    with pytest.raises(ModelError, match=r"the work ended by itself \(status 3\)"):
        send(child, {"do": "die"}, what="the work")
