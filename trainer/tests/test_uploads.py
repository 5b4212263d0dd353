"""Checkpoints travel while training goes on."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainer import checkpoint
from trainer.bucket import Bucket
from trainer.checkpoint import Checkpoints
from trainer.events import Events
from trainer.failure import Failure
from trainer.storage import Folder
from trainer.world import World


class SlowBucket(Bucket):
    """A real object store whose doors are opened by the test."""

    def __init__(self) -> None:
        super().__init__("memory:///")
        self.door = threading.Semaphore(0)
        self.broken = False

    def publish(self, directory: Path, prefix: str) -> None:
        self.door.acquire()
        if self.broken:
            raise Failure("storage", "the store is out of order")
        super().publish(directory, prefix)


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def events(told: list[dict[str, Any]]) -> Events:
    said = Events("r1", 1, World(), os.open(os.devnull, os.O_WRONLY))
    said.observe(told.append)
    return said


def content(text: str) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        (directory / "state.bin").write_text(text)

    return write


def steps(told: list[dict[str, Any]], event: str) -> list[int]:
    return [each["step"] for each in told if each["event"] == event and "step" in each]


def test_saving_does_not_wait_for_the_store_and_draining_does(events: Events, told: list[dict[str, Any]]) -> None:
    store = SlowBucket()
    checkpoints = Checkpoints(store, events, "hf", keep=2)
    checkpoints.save(5, content("5"))
    assert steps(told, "checkpoint") == []
    assert store.names("step-") == []
    store.door.release()
    checkpoints.drain()
    assert steps(told, "checkpoint") == [5]
    assert store.names("step-") == ["step-000005.json"]


def test_of_those_that_wait_only_the_newest_is_stored(events: Events, told: list[dict[str, Any]]) -> None:
    store = SlowBucket()
    checkpoints = Checkpoints(store, events, "hf", keep=2)
    checkpoints.save(5, content("5"))
    until(lambda: checkpoints._uploads._carried is not None)
    for step in (10, 15, 20):
        checkpoints.save(step, content(str(step)))
    messages = [each["message"] for each in told if each["event"] == "warning"]
    assert [message.split(" was")[0] for message in messages] == ["checkpoint of step 10", "checkpoint of step 15"]
    store.door.release(2)
    checkpoints.drain()
    assert steps(told, "checkpoint") == [5, 20]


def test_a_failed_upload_is_told_and_the_next_one_counts(events: Events, told: list[dict[str, Any]]) -> None:
    store = SlowBucket()
    checkpoints = Checkpoints(store, events, "hf", keep=2)
    store.broken = True
    checkpoints.save(5, content("5"))
    store.door.release()
    checkpoints.settle()
    (warning,) = [each for each in told if each["event"] == "warning"]
    assert (warning["kind"], warning["step"]) == ("storage", 5)
    assert "out of order" in warning["message"]
    store.broken = False
    checkpoints.save(10, content("10"))
    store.door.release()
    checkpoints.drain()
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.step == 10


def test_a_run_whose_last_checkpoint_cannot_be_stored_fails(events: Events) -> None:
    store = SlowBucket()
    checkpoints = Checkpoints(store, events, "hf", keep=2)
    store.broken = True
    store.door.release()
    checkpoints.save(5, content("5"))
    with pytest.raises(Failure, match="out of order"):
        checkpoints.drain()


def test_a_checkpoint_cut_in_the_middle_of_its_upload_is_never_gone_on_from(events: Events, tmp_path: Path) -> None:
    store = Folder(tmp_path, str(tmp_path))
    Checkpoints(store, events, "hf", keep=2).save(5, content("5"))
    # What a killed process leaves: all of the files, even, and no manifest.
    store.write("checkpoint-10/state.bin", b"10")
    newest = Checkpoints(store, events, "hf", keep=2).newest()
    assert newest is not None
    assert newest.step == 5


def test_a_large_checkpoint_goes_into_a_folder_in_the_background(
    events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SMALL_BYTES", 1)
    checkpoints = Checkpoints(Folder(tmp_path, str(tmp_path)), events, "hf", keep=2)
    checkpoints.save(5, content("large"))
    checkpoints.drain()
    assert json.loads((tmp_path / "step-000005.json").read_text())["step"] == 5


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)
