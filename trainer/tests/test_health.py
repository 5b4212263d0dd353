from __future__ import annotations

import random

from trainer.health import Divergence


def said(losses: list[float]) -> list[int]:
    watch = Divergence()
    return [step for step, loss in enumerate(losses, start=1) if watch.seen(loss) is not None]


def test_a_loss_that_falls_with_noise_is_well() -> None:
    draw = random.Random(1)
    assert said([4 * 0.99**step + draw.uniform(-1, 1) for step in range(500)]) == []


def test_single_steps_that_jump_are_no_divergence() -> None:
    assert said([2.0 if step % 50 else 6.0 for step in range(1, 500)]) == []


def test_a_loss_that_runs_away_is_said_once() -> None:
    losses = [2.0] * 60 + [2.0 + 0.2 * step for step in range(100)]
    (step,) = said(losses)
    assert 60 < step < 100


def test_small_losses_may_double() -> None:
    assert said([0.01] * 60 + [0.03] * 100) == []
