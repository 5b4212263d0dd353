"""The learning rate of a step: a pure function, so there is no scheduler to save."""

from __future__ import annotations

import math


def learning_rate(kind: str, peak: float, warmup_steps: int, total_steps: int, step: int) -> float:
    """For step 1, 2, … total_steps: rises to the peak, then falls to zero just after the last step."""
    if step <= warmup_steps:
        return peak * step / warmup_steps
    if kind == "constant":
        return peak
    # max(0, …): a run resumed with fewer steps than it has taken stays at zero.
    left = max(0.0, (total_steps - step + 1) / max(1, total_steps - warmup_steps + 1))
    if kind == "cosine":
        return peak * 0.5 * (1 - math.cos(math.pi * left))
    return peak * left
