from __future__ import annotations

import os
import signal

import pytest

from trainer.stop import Stop
from trainer.world import World


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_remembered_until_the_next_step(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = Stop(World())
        stop.install()
        assert not stop.agreed()
        os.kill(os.getpid(), number)
        assert stop.agreed()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
