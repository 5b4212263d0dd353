"""Killed three times at random steps and resumed, a run ends with the very weights of one that was not."""

from __future__ import annotations

import random

import pytest
from conftest import Jobs, Started
from exactness import killed_three_times
from test_resume import assert_same_weights


@pytest.mark.drawn
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("batch", ["whole", "accumulated"])
def test_killed_three_times_and_still_bit_identical(
    jobs: Jobs, draw: random.Random, method: str, batch: str, undisturbed: dict[str, Started]
) -> None:
    changes = {} if batch == "whole" else {"hyperparameters__micro_batch_size": 1, "extra__packing": True}
    calm = undisturbed[method]
    if changes:
        calm = jobs.run(jobs.document(method, f"calm-{method}-{batch}", **changes))
    ended = killed_three_times(jobs, jobs.document(method, f"thrice-{method}-{batch}", **changes), draw)
    told = {event["step"]: event["loss"] for event in calm.of("step")}
    assert all(told[event["step"]] == event["loss"] for event in ended.of("step"))
    assert_same_weights(calm, ended, method)
