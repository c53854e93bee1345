"""How large the chunks of prompts are, given what steps and chunks took."""

from __future__ import annotations

import pytest

from mlxk.engine.pace import MULTIPLE, SHORTEST_PAUSE, STEPS, Pace, portion


def paced(*, step: float, token: float, most: int = 512) -> Pace:
    pace = Pace(most)
    pace.stepped(10.0)
    pace.stepped(10.0 + step)
    pace.processed(100, 100 * token)
    return pace


def test_nobody_waits() -> None:
    assert paced(step=0.005, token=1.0).room(decoding=False) == 512


def test_while_nothing_is_known_others_do_not_wait_long() -> None:
    assert Pace(512).room(decoding=True) == 16
    assert Pace(8).room(decoding=True) == 8
    assert Pace(512).room(decoding=False) == 512


def test_the_pause_is_short() -> None:
    room = paced(step=0.005, token=0.0005).room(decoding=True)
    assert room == 112
    assert (room - MULTIPLE) * 0.0005 <= SHORTEST_PAUSE


def test_a_fast_model_takes_whole_chunks() -> None:
    assert paced(step=0.001, token=1e-6).room(decoding=True) == 512


def test_slow_steps_make_longer_pauses() -> None:
    room = paced(step=0.2, token=0.002).room(decoding=True)
    assert room == 208
    assert (room - MULTIPLE) * 0.002 <= STEPS * 0.2


def test_chunks_do_not_vanish() -> None:
    assert paced(step=0.001, token=5.0).room(decoding=True) == 16


@pytest.mark.parametrize("before", [16, 17, 20, 31])
def test_a_short_prompt_keeps_no_later_one_short(before: int) -> None:
    """Of a model whose weights take 50 ms to be read, and whose tokens take 0.8 ms each beside that."""

    def takes(tokens: int) -> float:
        return max(0.05, 0.0008 * tokens) + 0.01

    pace = Pace(512)
    pace.stepped(10.0)
    pace.stepped(10.05)
    pace.processed(before, takes(before))
    for _ in range(20):
        room = pace.room(decoding=True)
        pace.processed(room, takes(room))
    assert takes(room - MULTIPLE) <= STEPS * 0.05 <= takes(room + MULTIPLE)


def test_the_profile_has_the_last_word() -> None:
    assert paced(step=0.001, token=5.0, most=8).room(decoding=True) == 8


def test_small_chunks_tell_nothing() -> None:
    pace = paced(step=0.005, token=0.0005)
    pace.processed(1, 3.0)
    assert pace.room(decoding=True) == 112


def test_a_pause_is_no_step() -> None:
    pace = paced(step=0.005, token=0.0005)
    pace.stepped(500.0)
    assert pace.room(decoding=True) == 112


def test_steps_are_averaged() -> None:
    pace = paced(step=0.1, token=0.001)
    before = pace.room(decoding=True)
    for moment in range(2):
        pace.stepped(20.0 + moment)  # one step of a second: a hiccup
    assert before == 208
    assert pace.room(decoding=True) == 512
    for moment in range(40):
        pace.stepped(30.0 + moment / 10)
    pace.processed(100, 0.1)
    assert pace.room(decoding=True) < 512


def test_a_long_prompt_takes_the_whole_room() -> None:
    assert portion(2000, 48, 48) == 48


def test_a_prompt_that_is_little_longer_than_the_room_is_finished() -> None:
    assert portion(60, 48, 48) == 60
    assert portion(61, 48, 48) == 48


def test_short_prompts_share_a_step_and_are_not_cut() -> None:
    assert portion(29, 48, 48) == 29
    assert portion(29, 48 - 29, 48) == 29


def test_a_room_that_was_mostly_used_begins_no_other_prompt() -> None:
    assert portion(500, 47, 96) == 0
    assert portion(500, 48, 96) == 48


def test_a_prompt_that_is_cached_whole_needs_no_room() -> None:
    assert portion(0, 1, 48) == 0
