"""Detectors, trained for real by the debug command of the vision contract."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import drawings
import pytest
from conftest import Started

SECONDS_TO_STOP = 10.0


class Platform:
    """A vision platform that takes the calls of its trainers, and refuses those without the token."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def take(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                allowed = self.headers.get("X-Internal-Auth") == "of-the-platform"
                if allowed:
                    platform.calls.append((self.command, self.path, body))
                self.send_response(200 if allowed else 403)
                self.end_headers()

            do_POST = do_PATCH = take  # the names that the server looks for

            def log_message(self, *arguments: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/internal/training/7"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self, method: str, path: str) -> list[dict[str, Any]]:
        return [body for one, where, body in self.calls if (one, where) == (method, f"/internal/training/7/{path}")]


@pytest.fixture
def platform() -> Iterator[Platform]:
    started = Platform()
    yield started
    started.server.shutdown()


def flags(dataset: Path, output: Path, **changes: Any) -> list[str]:
    given = {
        "framework": "ultralytics",
        "task_type": "object_detection",
        "model_name": "yolo11n",
        "dataset_path": dataset,
        "dataset_format": "yolo",
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 0.001,
        "output_dir": output,
        "image_size": 64,
        "device": "cpu",
        "job_id": 7,
        "advanced_config": json.dumps({"workers": 0, "mosaic": 0.0}),
        **changes,
    }
    return ["train.py", *(word for name, value in given.items() for word in (f"--{name}", str(value)))]


def test_the_debug_command_trains_and_tells_the_platform(tmp_path: Path, platform: Platform) -> None:
    output = tmp_path / "output"
    arguments = flags(drawings.yolo(tmp_path / "data"), output, callback_url=platform.address)
    job = Started(arguments, {"INTERNAL_AUTH_TOKEN": "of-the-platform"}, tmp_path)
    assert job.finish() == 0, job.explained()
    assert "[STATUS] SUCCESS" in job.explained()
    assert [event["step"] for event in job.of("step")] == [1, 2, 3, 4]
    assert all(event["peak_memory_bytes"] > 0 for event in job.of("step"))
    assert [event["epoch"] for event in job.of("eval")] == [1, 2]
    assert {"map50", "map50_95", "precision", "recall"} <= job.of("eval")[-1].keys()
    assert [event["step"] for event in job.of("checkpoint")] == [2, 4]
    assert (output / "weights" / "best.pt").is_file()
    assert (output / "weights" / "last.pt").is_file()
    assert not list((tmp_path / "data").rglob("*.cache"))  # nothing is written into the dataset

    states = [(body["status"], body.get("progress")) for body in platform.bodies("PATCH", "status")]
    assert (states[0], states[-1]) == (("running", 0), ("completed", 100))
    epochs = platform.bodies("POST", "training-metrics")
    assert [body["epoch"] for body in epochs] == [1, 2]
    assert epochs[-1]["loss"] == pytest.approx(job.of("step")[-1]["loss"])
    assert epochs[-1]["learning_rate"] > 0
    assert epochs[-1]["checkpoint_path"].rpartition("/")[2] in (
        "checkpoint-2",
        "checkpoint-4",
    )  # the last may be under way
    assert "map50" in epochs[-1]["extra_metrics"]
    assert platform.bodies("POST", "validation-results")[-1]["metrics"]["map50"] >= 0
    assert "map50" in {body["name"] for body in platform.bodies("POST", "metrics")}
    assert platform.bodies("POST", "logs")


def test_a_platform_that_refuses_is_warned_of_once_and_a_failure_is_told(tmp_path: Path, platform: Platform) -> None:
    arguments = flags(tmp_path / "nowhere", tmp_path / "output", callback_url=platform.address)
    job = Started(arguments, {"INTERNAL_AUTH_TOKEN": "of-the-platform"}, tmp_path)
    assert job.finish() == 1
    assert job.events[-1]["kind"] == "data"
    assert "[STATUS] FAILED" in job.explained()
    assert platform.bodies("PATCH", "status")[-1]["status"] == "failed"
    assert "nowhere" in platform.bodies("PATCH", "status")[-1]["error"]
    refused = Started(arguments, {"INTERNAL_AUTH_TOKEN": "of another"}, tmp_path)
    assert refused.finish() == 1
    assert len([event for event in refused.of("warning") if "403" in event["message"]]) == 1


def test_a_loss_that_stays_no_number_ends_the_run_as_diverged(tmp_path: Path) -> None:
    far = json.dumps({"workers": 0, "mosaic": 0.0, "box": 1e39})
    arguments = flags(drawings.yolo(tmp_path / "data"), tmp_path / "output", advanced_config=far, epochs=1)
    job = Started(arguments, {}, tmp_path)
    assert job.finish() == 1, job.explained()
    assert (job.events[-1]["event"], job.events[-1]["kind"]) == ("failed", "diverged")
    assert "lower the learning rate" in job.events[-1]["message"]
    (warned,) = [event for event in job.of("warning") if event.get("kind") == "nan"]
    assert 1 <= warned["step"] <= job.of("step")[-1]["step"]


def test_killed_after_an_epoch_it_goes_on_with_the_next(tmp_path: Path) -> None:
    arguments = flags(drawings.yolo(tmp_path / "data"), tmp_path / "output", epochs=3)
    # As a manifest says them; the debug command has a blank in place of the sign.
    arguments = ["train.py", *(f"{name}={value}" for name, value in zip(arguments[1::2], arguments[2::2], strict=True))]
    killed = Started(arguments, {}, tmp_path, narrow=True)
    killed.until(lambda event: event["event"] == "checkpoint")
    killed.kill()
    resumed = Started([*arguments, "--resume"], {}, tmp_path)
    assert resumed.finish() == 0, resumed.explained()
    step = resumed.of("started")[0]["resume_step"]
    assert step in (2, 4)
    assert [event["step"] for event in resumed.of("step")] == list(range(step + 1, 7))
    assert resumed.of("eval")[-1]["epoch"] == 3


def test_sigterm_leaves_at_once_with_the_last_whole_epoch(tmp_path: Path) -> None:
    arguments = flags(drawings.yolo(tmp_path / "data", 16), tmp_path / "output", epochs=50)
    job = Started(arguments, {}, tmp_path, narrow=True)
    job.until(lambda event: event["event"] == "step" and event["step"] == 6)
    asked = time.monotonic()
    job.process.terminate()
    assert job.finish() == 143, job.explained()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    interrupted = job.events[-1]
    assert interrupted["checkpoint_step"] == job.of("checkpoint")[-1]["step"] <= interrupted["step"]


@pytest.mark.drawn
@pytest.mark.parametrize(
    ("task", "layout", "make"),
    [
        ("object_detection", "coco", drawings.coco),
        ("object_detection", "voc", drawings.voc),
        ("instance_segmentation", "coco", drawings.outlines),
        ("pose_estimation", "yolo", drawings.poses),
        ("image_classification", "imagefolder", lambda root: drawings.image_folder(root, 4, 2)),
    ],
)
def test_other_tasks_and_layouts_train_too(
    tmp_path: Path, task: str, layout: str, make: Callable[[Path], Path]
) -> None:
    arguments = flags(
        make(tmp_path / "data"), tmp_path / "output", task_type=task, dataset_format=layout, epochs=1, optimizer="sgd"
    )
    job = Started(arguments, {}, tmp_path)
    assert job.finish() == 0, job.explained()
    measure = {
        "image_classification": "accuracy",
        "instance_segmentation": "map50_mask",
        "pose_estimation": "map50_pose",
    }.get(task, "map50")
    assert measure in job.of("eval")[-1]
    assert "flip_idx" not in job.explained()  # of which Ultralytics warns where it is missing
    assert (tmp_path / "output" / "weights" / "best.pt").is_file()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"dataset_format": "imagefolder"}, 2, "does not fit task_type object_detection, which takes yolo, coco, voc"),
        ({"framework": "transformers"}, 3, "is not trained with transformers here"),
        ({"advanced_config": "{"}, 2, "--advanced_config must be a JSON object"),
        ({"optimizer": "adagrad"}, 2, "extra.optimizer must be one of adam, adamw, sgd"),
        ({"callback_url": "ftp://somewhere"}, 2, "--callback_url must be an http or https address"),
    ],
)
def test_a_wrong_flag_is_refused_before_anything_slow(
    tmp_path: Path, change: dict[str, Any], code: int, said: str
) -> None:
    job = Started(flags(tmp_path, tmp_path / "output", **change), {}, tmp_path)
    assert job.finish() == code
    assert said in job.events[-1]["message"]
    assert not job.of("phase")


def test_a_setting_that_ultralytics_does_not_take_is_a_wrong_configuration(tmp_path: Path) -> None:
    job = Started(flags(drawings.yolo(tmp_path / "data"), tmp_path / "output", learning_rate=2), {}, tmp_path)
    assert job.finish() == 2
    assert "'lr0=2.0' is an invalid value" in job.events[-1]["message"]


def test_a_setting_that_ultralytics_does_not_have_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    advanced = json.dumps({"mosaik": 0.5}).replace('"', '\\"')  # as the published manifests escape it
    job = Started(flags(drawings.yolo(tmp_path / "data"), tmp_path / "output", advanced_config=advanced), {}, tmp_path)
    assert job.finish() == 2
    assert job.events[-1]["message"] == "unknown key extra.mosaik; did you mean mosaic?"
