"""Image classifiers, trained for real."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import drawings
import pytest
from conftest import Jobs, Started
from exactness import killed_three_times

SECONDS_TO_STOP = 10.0


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    return Jobs(tmp_path_factory.mktemp("timm"), Path("resnet10t"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawings.image_folder(tmp_path_factory.mktemp("pictures"), 12, 4)


def document(jobs: Jobs, dataset: Path, place: str, **changes: Any) -> dict[str, Any]:
    given = jobs.document("full", f"timm-{place}", framework="timm")
    given["datasets"] = [{"source": str(dataset), "format": "imagefolder"}]
    given["hyperparameters"] |= {"learning_rate": 0.002, "batch_size": 8, "max_steps": 30}
    given["checkpoints"]["every_steps"] = None
    given["extra"] = {"threads": 1, "image_size": 32, "pretrained": False, "workers": 1, **changes}
    return given


@pytest.fixture(scope="module")
def whole(jobs: Jobs, dataset: Path) -> Started:
    job = jobs.run(document(jobs, dataset, "whole"), cold=True)
    assert job.process.returncode == 0, job.explained()
    return job


def equal(one: Started, other: Started) -> bool:
    import torch
    from safetensors.torch import load_file

    first, second = (load_file(Path(job.events[-1]["artifacts"]) / "weights/last.safetensors") for job in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_it_learns_and_tells_each_epoch_and_keeps_the_best(whole: Started) -> None:
    import timm
    from safetensors.torch import load_file

    assert [event["step"] for event in whole.of("step")] == list(range(1, 31))
    told = whole.of("eval")
    assert [event["epoch"] for event in told] == list(range(1, 11))  # 24 pictures by 8
    assert told[-1]["best_accuracy"] == max(event["accuracy"] for event in told) >= 0.9
    assert [event["step"] for event in whole.of("checkpoint")] == [event["step"] for event in told]
    made = Path(whole.events[-1]["artifacts"])
    config = json.loads((made / "config.json").read_text())
    assert config["label_names"] == ["engine", "wagon"]
    model = timm.create_model(config["architecture"], num_classes=config["num_classes"])
    model.load_state_dict(load_file(made / "weights" / "best.safetensors"))


@pytest.mark.drawn
def test_killed_three_times_the_weights_are_bit_identical(
    jobs: Jobs, dataset: Path, whole: Started, draw: random.Random
) -> None:
    given = document(jobs, dataset, "killed")
    given["checkpoints"]["every_steps"] = 2  # beside each epoch's
    assert equal(whole, killed_three_times(jobs, given, draw))


def test_sigterm_saves_in_the_middle_of_an_epoch(jobs: Jobs, dataset: Path, whole: Started) -> None:
    given = document(jobs, dataset, "terminated")
    job = jobs.start(given, narrow=True)
    job.until(lambda event: event["event"] == "step" and event["step"] == 4)
    asked = time.monotonic()
    job.process.terminate()
    assert job.finish() == 143, job.explained()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    assert job.events[-1]["checkpoint_step"] == job.events[-1]["step"] == job.of("step")[-1]["step"]
    assert equal(whole, jobs.run(given))


def test_two_processes_take_the_same_pictures_as_one(jobs: Jobs, dataset: Path, whole: Started) -> None:
    given = document(jobs, dataset, "two", workers=0)
    given["hyperparameters"]["max_steps"] = 3
    job = jobs.run(given, processes=2)
    assert job.process.returncode == 0, job.explained()
    # Each process normalizes its own half of a batch, so the losses are near and not the same.
    assert job.of("step")[0]["loss"] == pytest.approx(whole.of("step")[0]["loss"], rel=0.5)
    assert job.of("eval")[0]["epoch"] == 1


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a GPU here")
def test_it_begins_with_weights_from_a_file_and_says_that_there_is_no_gpu(
    jobs: Jobs, dataset: Path, whole: Started
) -> None:
    given = document(jobs, dataset, "pretrained", pretrained=True)
    given["model"]["weights_uri"] = str(Path(whole.events[-1]["artifacts"]) / "weights" / "best.safetensors")
    given["hyperparameters"] |= {"max_steps": 1}
    given["extra"]["device"] = "cuda"
    job = jobs.run(given)
    assert job.process.returncode == 0, job.explained()
    assert job.of("step")[0]["loss"] < 0.8 * whole.of("step")[0]["loss"]  # its head is new, the rest is not
    assert "there is no GPU here" in job.of("warning")[0]["message"]


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"task_type": "object_detection"}, 3, "framework ultralytics trains that"),
        ({"imagesize": 32}, 2, "unknown key extra.imagesize; did you mean image_size?"),
        ({"image_size": 8}, 2, "extra.image_size must be at least 32, not 8"),
        ({"task_type": "clasification"}, 2, "did you mean classification?"),
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_slow(
    jobs: Jobs, dataset: Path, change: dict[str, Any], code: int, said: str
) -> None:
    job = jobs.run(document(jobs, dataset, "refused", **change))
    assert job.process.returncode == code
    assert said in job.events[-1]["message"]
    assert not job.of("phase")


def test_a_picture_that_cannot_be_read_is_named(jobs: Jobs, tmp_path: Path) -> None:
    broken = drawings.image_folder(tmp_path, 6, 1) / "train" / "engine" / "0.png"
    broken.write_bytes(broken.read_bytes()[:40])
    job = jobs.run(document(jobs, tmp_path, "broken", workers=0))
    assert job.events[-1]["kind"] == "data", job.explained()
    assert str(broken) in job.events[-1]["message"]
