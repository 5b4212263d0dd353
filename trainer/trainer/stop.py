"""The wish to stop: SIGTERM or SIGINT, looked at once a step."""

from __future__ import annotations

import signal
from types import FrameType

from trainer.world import World


class Stop:
    def __init__(self, world: World) -> None:
        self._world = world
        self._asked = False

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    @property
    def asked(self) -> bool:
        """Whether this process was asked; the others may not know yet."""
        return self._asked

    def agreed(self) -> bool:
        """Whether any process was asked. Every process must call this at the same step.

        Processes see a signal at different steps. If each acted on its own
        flag, one would save while the others wait for it in a collective, for
        ever.
        """
        if self._world.size == 1:
            return self._asked
        import torch
        import torch.distributed

        device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
        flag = torch.tensor([int(self._asked)], device=device)
        torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
        return bool(flag.item())

    def _on_signal(self, signal_number: int, frame: FrameType | None) -> None:
        self._asked = True
