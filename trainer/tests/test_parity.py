"""A job takes the very steps of a plain script that uses the libraries as their manuals show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Jobs, Started

PLAIN = ROOT / "tests" / "plain.py"


def plain(jobs: Jobs, method: str, directory: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(PLAIN), str(jobs.model), str(jobs.data), method, str(directory)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, object] = json.loads((directory / "log.json").read_text())
    return found


@pytest.mark.parametrize("method", ["full", "lora"])
def test_every_step_has_the_loss_and_the_weights_of_a_plain_script(
    jobs: Jobs, undisturbed: dict[str, Started], method: str, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    log = plain(jobs, method, tmp_path)
    told = undisturbed[method].of("step")
    assert [event["loss"] for event in told] == log["loss"]
    assert [event["learning_rate"] for event in told] == log["learning_rate"]
    assert [event["grad_norm"] for event in told] == log["grad_norm"]
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    ours = load_file(Path(undisturbed[method].events[-1]["artifacts"]) / name)
    theirs = load_file(tmp_path / name)
    assert ours.keys() == theirs.keys()
    assert all(ours[key].equal(theirs[key]) for key in ours)
