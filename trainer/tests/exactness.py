"""Runs a job to its end with three kills on the way, for comparison with an undisturbed one."""

from __future__ import annotations

import random
from typing import Any

from conftest import Jobs, Started

KILLS = 3
# Further than a job can run ahead of the test that reads of its steps.
MARGIN_STEPS = 20


def killed_three_times(
    jobs: Jobs,
    document: dict[str, Any],
    draw: random.Random,
    processes: int = 1,
    environment: dict[str, str] | None = None,
) -> Started:
    """Each kill comes at a random step of those that the attempt still has before it."""
    last = document["hyperparameters"]["max_steps"]
    at = sorted(draw.sample(range(2, last - MARGIN_STEPS), KILLS))
    print(f"{document['run_id']}: killed at steps {at}")
    durable = 0
    for attempt, step in enumerate(at, start=1):
        job = jobs.start({**document, "attempt": attempt}, processes=processes, environment=environment, narrow=True)
        job.until(lambda event, step=step: event["event"] == "step" and event["step"] >= step)  # type: ignore[misc]
        job.kill()
        assert not job.of("finished")
        durable = max([durable, *(event["step"] for event in job.of("checkpoint"))])
    ended = jobs.run({**document, "attempt": KILLS + 1}, processes=processes, environment=environment)
    assert ended.process.returncode == 0, ended.explained()
    assert (ended.of("started")[0]["resume_step"] or 0) >= durable, "what was told to be stored is gone on from"
    return ended
