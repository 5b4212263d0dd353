"""Whether a run is well: its loss and its memory, step by step."""

from __future__ import annotations

import resource
import sys

from trainer import gpu
from trainer.events import Events
from trainer.failure import Failure

SMOOTHING = 0.95  # an average over about the last 20 steps
FACTOR = 1.5  # how far above its lowest point the average may rise
MIN_RISE = 0.5  # and by how much at least: small losses double without meaning
STEPS_BEFORE_JUDGING = 20


class Health:
    """Sees the loss of every step; ends the run at one that is no number, and warns where losses run away."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._divergence = Divergence()

    def seen(self, step: int, loss: float) -> None:
        if loss - loss != 0:
            message = f"the loss of step {step} is {loss}; lower the learning rate or raise the warm-up"
            self._events.warning(message, kind="nan", step=step)
            raise Failure("diverged", message)
        problem = self._divergence.seen(loss)
        if problem is not None:
            self._events.warning(f"step {step}: {problem}", kind="divergence", step=step)


class Divergence:
    """Judges by the moving average, since single steps jump."""

    def __init__(self) -> None:
        self._average = 0.0
        self._lowest = float("inf")
        self._steps = 0
        self._told = False

    def seen(self, loss: float) -> str | None:
        """What is wrong, said once each time that it begins."""
        self._steps += 1
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * loss
        average = self._average / (1 - SMOOTHING**self._steps)
        if self._steps < STEPS_BEFORE_JUDGING:
            return None
        self._lowest = min(self._lowest, average)
        away = average > max(FACTOR * self._lowest, self._lowest + MIN_RISE)
        if not away:
            self._told = False
        if not away or self._told:
            return None
        self._told = True
        return (
            f"the loss diverges: it averages {average:.4g} after {self._lowest:.4g};"
            " a lower learning rate or a longer warm-up may help"
        )


def resources_used() -> dict[str, float]:
    """The most memory that this process has had so far, in bytes; and how busy the GPUs are."""
    unit = 1 if sys.platform == "darwin" else 1024
    found: dict[str, float] = {"peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated()
    return {**found, **gpu.HERE.use()}
