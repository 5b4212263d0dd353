from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from trainer import events
from trainer.failure import Failure, as_failure
from trainer.world import World


def told(rank: int = 0, **event: Any) -> list[dict[str, Any]]:
    reader, writer = os.pipe()
    said = events.Events("r1", 2, World(rank=rank, size=2), writer)
    said.emit(**event)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_a_line_says_who_when_and_in_which_order() -> None:
    (event,) = told(event="step", step=3, loss=1.5)
    assert list(event)[:6] == ["v", "ts", "run_id", "attempt", "seq", "event"]
    assert (event["v"], event["run_id"], event["attempt"], event["seq"], event["loss"]) == (1, "r1", 2, 1, 1.5)
    assert event["ts"].endswith("Z")


def test_a_loss_that_is_no_number_does_not_break_the_line() -> None:
    assert told(event="step", loss=float("nan"))[0]["loss"] is None


def test_only_rank_0_speaks_but_any_rank_may_say_that_it_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRAINER_TERMINATION_LOG", str(tmp_path / "t"))
    assert told(rank=1, event="step", step=1) == []
    assert told(rank=1, event="failed", kind="oom", message="m", retryable=False)[0]["rank"] == 1


def test_the_first_terminal_event_is_left_for_the_control_plane(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "termination-log"
    monkeypatch.setenv("TRAINER_TERMINATION_LOG", str(file))
    (first,) = told(event="failed", kind="data", message="row 7", retryable=False)
    told(event="failed", kind="internal", message="connection closed", retryable=True)
    assert json.loads(file.read_text()) == first
    assert list(tmp_path.iterdir()) == [file]
    events.clear_termination_log()
    assert not file.exists()


def test_a_file_that_cannot_be_replaced_is_written_in_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "termination-log"
    file.touch()  # as Kubernetes mounts it
    monkeypatch.setenv("TRAINER_TERMINATION_LOG", str(file))
    (event,) = told(event="finished", step=1, final_loss=0.5, artifacts="/o")
    assert json.loads(file.read_text()) == event


def test_a_reader_that_went_away_does_not_end_the_training() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    events.Events("r1", 1, World(), writer).emit("step", step=1)
    os.close(writer)


def test_an_unnamed_error_gets_a_kind() -> None:
    assert as_failure(RuntimeError("CUDA out of memory. Tried to allocate")).kind == "oom"
    assert as_failure(OSError(28, "No space left on device")).kind == "storage"
    assert as_failure(ValueError("x")).kind == "internal"
    assert as_failure(Failure("data", "x")).kind == "data"
