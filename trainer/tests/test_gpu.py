"""What is said of GPUs. No machine of the tests has one: the answers are written as NVIDIA documents them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import Started

from trainer import gpu

FIXTURE_OF_TWO = "45, 10240\n95, 20480\n"
FIXTURE_OF_A_DIVIDED_ONE = "[N/A], 512\n"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (FIXTURE_OF_TWO, {"gpu_utilization_percent": 70.0, "gpu_memory_used_bytes": 30720 * 1024 * 1024}),
        (FIXTURE_OF_A_DIVIDED_ONE, {"gpu_memory_used_bytes": 512 * 1024 * 1024}),
        ("No devices were found\n", {}),
        ("[Unknown Error], [Unknown Error]\n", {}),
        ("", {}),
    ],
)
def test_an_answer_is_read_as_far_as_it_says_something(answer: str, found: dict[str, float]) -> None:
    assert gpu.read(answer) == found


@pytest.mark.skipif(gpu.DEVICE.exists(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_asked_and_nothing_said(undisturbed: dict[str, Started]) -> None:
    assert gpu.Gpus().use() == {}
    assert not [name for event in undisturbed["lora"].of("step") for name in event if name.startswith("gpu_")]


def test_a_tool_that_fails_is_not_asked_again(tmp_path: Path) -> None:
    asked, tool = tmp_path / "asked", tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\necho once >> {asked}\nexit 9\n")
    tool.chmod(0o755)
    gpus = gpu.Gpus(tmp_path, str(tool))
    assert gpus.use() == {}
    thread = gpus._thread
    assert thread is not None
    for _ in range(500):
        if asked.exists() and gpus._tool is None:
            break
        time.sleep(0.01)
    assert gpus._tool is None
    assert gpus.use() == {}
    assert asked.read_text() == "once\n"
