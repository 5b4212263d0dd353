from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from trainer.stop import PREEMPTION_FILE, Stop
from trainer.world import World


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_remembered_until_the_next_step(number: signal.Signals) -> None:
    handled = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {each: signal.getsignal(each) for each in handled}
    try:
        stop = Stop(World())
        stop.install()
        assert not stop.agreed()
        os.kill(os.getpid(), number)
        assert stop.agreed()
        assert stop.reason == "signal"
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_the_longest_duration_ends_a_run() -> None:
    now = [100.0]
    stop = Stop(World(), max_duration_seconds=60, clock=lambda: now[0])
    now[0] = 159.9
    assert not stop.agreed()
    now[0] = 160.0
    assert stop.agreed()
    assert stop.reason == "max_duration"


def test_a_notice_that_the_machine_will_go_ends_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = tmp_path / "notice"
    monkeypatch.setenv(PREEMPTION_FILE, str(notice))
    now = [0.0]
    stop = Stop(World(), clock=lambda: now[0])
    assert not stop.agreed()
    notice.touch()
    now[0] = 10.0
    assert stop.agreed()
    assert stop.reason == "preempted"
