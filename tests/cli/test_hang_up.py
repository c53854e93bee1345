"""SIGHUP before, while and after somebody listens."""

from __future__ import annotations

import signal

from mlxk.cli.hang_up import HangUp


def test_what_comes_early_is_kept_and_what_comes_late_is_lost() -> None:
    before = signal.getsignal(signal.SIGHUP)
    heard: list[bool] = []
    hang_up = HangUp()
    with hang_up.caught():
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        with hang_up.told_to(heard.append):
            assert heard == [False]
            signal.raise_signal(signal.SIGHUP)
            assert heard == [False, False]
        signal.raise_signal(signal.SIGHUP)
    assert heard == [False, False]
    assert signal.getsignal(signal.SIGHUP) is before


def test_who_listens_in_time_hears_nothing_of_before() -> None:
    heard: list[bool] = []
    hang_up = HangUp()
    with hang_up.caught(), hang_up.told_to(heard.append):
        assert heard == []
