"""Whether a loss runs away: judged by its moving average, since single steps jump."""

from __future__ import annotations

SMOOTHING = 0.95  # an average over about the last 20 steps
FACTOR = 1.5  # how far above its lowest point the average may rise
MIN_RISE = 0.5  # and by how much at least: small losses double without meaning
STEPS_BEFORE_JUDGING = 20


class Divergence:
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
