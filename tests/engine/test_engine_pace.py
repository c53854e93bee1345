"""How large the chunks of prompts are, given what steps and chunks took."""

from __future__ import annotations

from mlxk.engine.pace import SHORTEST_PAUSE, STEPS, Pace


def paced(*, step: float, token: float, most: int = 512) -> Pace:
    pace = Pace(most)
    pace.stepped(10.0)
    pace.stepped(10.0 + step)
    pace.processed(100, 100 * token)
    return pace


def test_nobody_waits() -> None:
    assert paced(step=0.005, token=1.0).room(decoding=False) == 512


def test_nothing_is_known_yet() -> None:
    assert Pace(512).room(decoding=True) == 512


def test_the_pause_is_short() -> None:
    room = paced(step=0.005, token=0.0005).room(decoding=True)
    assert room == 48
    assert room * 0.0005 <= SHORTEST_PAUSE


def test_a_fast_model_takes_whole_chunks() -> None:
    assert paced(step=0.001, token=1e-6).room(decoding=True) == 512


def test_slow_steps_make_longer_pauses() -> None:
    room = paced(step=0.2, token=0.002).room(decoding=True)
    assert room == 192
    assert room * 0.002 <= STEPS * 0.2


def test_chunks_do_not_vanish() -> None:
    assert paced(step=0.001, token=5.0).room(decoding=True) == 16


def test_the_profile_has_the_last_word() -> None:
    assert paced(step=0.001, token=5.0, most=8).room(decoding=True) == 8


def test_small_chunks_tell_nothing() -> None:
    pace = paced(step=0.005, token=0.0005)
    pace.processed(1, 3.0)
    assert pace.room(decoding=True) == 48


def test_a_pause_is_no_step() -> None:
    pace = paced(step=0.005, token=0.0005)
    pace.stepped(500.0)
    assert pace.room(decoding=True) == 48


def test_steps_are_averaged() -> None:
    pace = paced(step=0.1, token=0.001)
    before = pace.room(decoding=True)
    for moment in range(2):
        pace.stepped(20.0 + moment)  # one step of a second: a hiccup
    assert before == 192
    assert pace.room(decoding=True) == 512
    for moment in range(40):
        pace.stepped(30.0 + moment / 10)
    pace.processed(100, 0.1)
    assert pace.room(decoding=True) < 512
