"""Killed three times at random steps and resumed, a run ends with the very weights of one that was not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from conftest import Jobs, Started
from exactness import killed_three_times
from test_resume import assert_same_weights

WAYS: dict[str, dict[str, Any]] = {
    "whole": {},
    "accumulated and packed": {"hyperparameters__micro_batch_size": 1, "extra__packing": True},
    "streamed": {"streaming": True},
    "two processes": {},
}


@pytest.mark.drawn
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("way", WAYS)
def test_killed_three_times_and_still_bit_identical(
    jobs: Jobs, draw: random.Random, method: str, way: str, undisturbed: dict[str, Started]
) -> None:
    processes = 2 if way == "two processes" else 1
    changes = {**WAYS[way]}
    if changes.pop("streaming", False):
        changes["datasets"] = [{"source": str(jobs.data), "streaming": True}]
    calm = undisturbed[method]
    if way != "whole":
        calm = jobs.run(jobs.document(method, f"calm {method} {way}", **changes), processes=processes)
        assert calm.process.returncode == 0, calm.explained()
    ended = killed_three_times(jobs, jobs.document(method, f"thrice {method} {way}", **changes), draw, processes)
    told = {event["step"]: event["loss"] for event in calm.of("step")}
    assert all(told[event["step"]] == event["loss"] for event in ended.of("step"))
    assert_same_weights(calm, ended, method)
