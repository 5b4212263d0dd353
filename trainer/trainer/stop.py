"""The wish to stop: a signal, a notice that the machine will go, or a longest duration; looked at once a step."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from trainer.world import World

# Whoever watches the cloud's notices (spot, preemptible, maintenance) makes this file.
PREEMPTION_FILE = "TRAINER_PREEMPTION_FILE"
SECONDS_BETWEEN_LOOKS = 0.5
_REASONS = ("", "signal", "preempted", "max_duration")


class Stop:
    def __init__(
        self, world: World, max_duration_seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._world = world
        self._clock = clock
        self._deadline = clock() + max_duration_seconds if max_duration_seconds is not None else float("inf")
        notice = os.environ.get(PREEMPTION_FILE)
        self._notice = Path(notice) if notice else None
        self._looked_at = float("-inf")
        self._noticed = False
        self._signalled = False
        self.reason = ""

    def install(self) -> None:
        # Slurm announces the end of an allocation by SIGUSR1, where it is asked to.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, self._on_signal)

    @property
    def asked(self) -> bool:
        """Whether this process was asked; the others may not know yet."""
        return self._why() != 0

    def agreed(self) -> bool:
        """Whether any process was asked. Every process must call this at the same step.

        Processes see a signal at different steps. If each acted on its own
        flag, one would save while the others wait for it in a collective, for
        ever.
        """
        why = self._why()
        if self._world.size > 1:
            import torch
            import torch.distributed

            device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
            flag = torch.tensor([why], device=device)
            torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
            why = int(flag.item())
        self.reason = _REASONS[why]
        return why != 0

    def _why(self) -> int:
        """The place of the reason among `_REASONS`, as a number that processes can compare."""
        if self._signalled:
            return 1
        now = self._clock()
        if self._notice is not None and not self._noticed and now - self._looked_at >= SECONDS_BETWEEN_LOOKS:
            self._looked_at = now
            self._noticed = self._notice.exists()
        if self._noticed:
            return 2
        return 3 if now >= self._deadline else 0

    def _on_signal(self, signal_number: int, frame: FrameType | None) -> None:
        self._signalled = True
