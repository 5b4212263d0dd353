"""What is wrong with a job is told by its last event: the kind, what to do, whether to try again; and by its exit code."""  # noqa: E501

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs
from test_train import failed


def source(path: Path, lines: list[str]) -> list[dict[str, str]]:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return [{"source": str(path)}]


GOOD = [json.dumps({"text": f"train {number} waits"}) for number in range(30)]


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("malformed", [*GOOD, '{"text": "open'], ["malformed.jsonl line 31, column 10: not JSON", "one JSON object"]),
        ("other-columns", [*GOOD, '{"body": "x"}'], ["other-columns.jsonl line 31: no text in field 'text'"]),
        ("empty", [], ["empty.jsonl: holds no rows"]),
    ],
)
def test_bad_data_is_named_by_row_and_column_and_nothing_is_trained(
    jobs: Jobs, name: str, lines: list[str], said: list[str]
) -> None:
    document = jobs.document("lora", f"bad-{name}", datasets=source(jobs.directory / f"{name}.jsonl", lines))
    job = jobs.run(document)
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("data", False)
    assert all(part in event["message"] for part in said), event["message"]
    assert not job.of("step")
    assert [each["phase"] for each in job.of("phase")] == ["loading_data"], "it is said before the slow imports"
    assert event["seq"] == len(job.events)


def test_a_missing_dataset_is_named_with_what_can_be_given(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "no-data", datasets=[{"source": "/nowhere/rows.jsonl"}]))
    assert job.process.returncode == 1
    assert failed(job)["kind"] == "data"
    assert "/nowhere/rows.jsonl does not exist here; give a file" in failed(job)["message"]


def test_an_unknown_argument_is_named_with_the_nearest_one(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "unknown", extra__label_smoothing=0.1))
    assert job.process.returncode == 2
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("config", False)
    assert event["message"] == "unknown argument extra.label_smoothing; did you mean label_smoothing_factor?"


def test_an_unknown_key_of_the_configuration_is_named_with_the_nearest_one(jobs: Jobs) -> None:
    document = jobs.document("lora", "unknown-key")
    document["hyperparameters"]["learning_rates"] = 0.1
    job = jobs.run(document)
    assert job.process.returncode == 2
    said = "unknown key hyperparameters.learning_rates; did you mean learning_rate?"
    assert failed(job)["message"] == said


@contextmanager
def disk(place: Path, options: str) -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a disk: one that is full or read-only is not tested")
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk: one that is full or read-only is not tested")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path / "small", "size=100k") as place:
        yield place


@pytest.mark.parametrize("what", ["checkpoints", "outputs"])
def test_a_place_that_cannot_be_written_is_said_before_anything_slow(jobs: Jobs, tmp_path: Path, what: str) -> None:
    with disk(tmp_path / "fixed", "ro") as place:
        job = jobs.run(jobs.document("lora", f"fixed-{what}", **{f"{what}__uri": str(place / "run")}))
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("storage", False)
    assert event["message"] == f"{place / 'run'}: Read-only file system; name another place"
    assert not job.of("phase")


def test_a_file_where_the_results_should_go_is_said_before_anything_slow(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "file", outputs__uri=str(jobs.data)))
    assert failed(job)["message"] == f"{jobs.data}: File exists; a folder is wanted there; name another place"
    assert not job.of("phase")


@pytest.mark.parametrize(("framework", "what"), [("hf", "checkpoints"), ("hf", "outputs"), ("meta", "outputs")])
def test_no_space_left_is_said_with_the_place(jobs: Jobs, small_disk: Path, framework: str, what: str) -> None:
    changes: dict[str, Any] = {f"{what}__uri": str(small_disk / "run"), "hyperparameters__max_steps": 12}
    job = jobs.run(jobs.document("full", f"full-{framework}-{what}", framework=framework, **changes))
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("storage", False)
    assert "no space left on the disk of" in event["message"]
    assert str(small_disk) in event["message"]
    assert "free some" in event["message"]


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_step(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("full", "nan", hyperparameters__learning_rate=1e30, hyperparameters__warmup_ratio=0.0))
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("diverged", False)
    (warning,) = [each for each in job.of("warning") if each.get("kind") == "nan"]
    assert warning["step"] == job.of("step")[-1]["step"]
    assert job.of("step")[-1]["loss"] is None
