from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.bucket import Bucket
from trainer.checkpoint import Checkpoints, one_file
from trainer.events import Events
from trainer.storage import Folder, Storage
from trainer.world import World


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Bucket("memory:///") if request.param == "bucket" else Folder(tmp_path, str(tmp_path))


@pytest.fixture
def checkpoints(storage: Storage) -> Checkpoints:
    return Checkpoints(storage, Events("r1", 1, World(), os.open(os.devnull, os.O_WRONLY)), "hf", keep=2)


def content(text: str) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        (directory / "state.bin").write_text(text)

    return write


def store(checkpoints: Checkpoints, step: int, write: Callable[[Path], None]) -> None:
    checkpoints.save(step, write)
    checkpoints.drain()


def test_the_newest_whole_checkpoint_is_found(checkpoints: Checkpoints) -> None:
    assert checkpoints.newest() is None
    for step in (5, 10):
        store(checkpoints, step, content(str(step)))
    saved = checkpoints.newest()
    assert saved is not None
    assert (saved.step, (saved.directory / "state.bin").read_text()) == (10, "10")


def test_the_manifest_lists_every_file(checkpoints: Checkpoints) -> None:
    store(checkpoints, 5, content("abc"))
    manifest = json.loads(checkpoints.storage.read("step-000005.json"))
    assert manifest["metadata"] == {"hf_checkpoint_dir": "checkpoint-5"}
    assert manifest["files"] == {
        "checkpoint-5/state.bin": {
            "size": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        }
    }


def test_a_checkpoint_of_one_file_lies_beside_its_manifest_and_is_verified_and_removed(storage: Storage) -> None:
    events = Events("r1", 1, World(), os.open(os.devnull, os.O_WRONLY))
    checkpoints = Checkpoints(storage, events, "meta", keep=2)
    for step in (5, 10, 15):
        store(checkpoints, step, lambda directory, step=step: _one_file(directory, step))  # type: ignore[misc]
    assert storage.names() == ["step-000010.json", "step-000010.pt", "step-000015.json", "step-000015.pt"]
    storage.write("step-000015.pt", b"15!")
    saved = checkpoints.newest()
    assert saved is not None
    assert (saved.directory / one_file(saved.step)).read_text() == "10"


def _one_file(directory: Path, step: int) -> None:
    (directory / one_file(step)).write_text(str(step))


@pytest.mark.parametrize("damage", ["no manifest", "torn manifest", "changed file", "missing file"])
def test_a_damaged_checkpoint_falls_back_one_step(checkpoints: Checkpoints, damage: str) -> None:
    storage = checkpoints.storage
    for step in (5, 10):
        store(checkpoints, step, content(str(step)))
    if damage == "no manifest":
        storage.delete("step-000010.json")
    elif damage == "torn manifest":
        storage.write("step-000010.json", storage.read("step-000010.json")[:40])
    elif damage == "changed file":
        storage.write("checkpoint-10/state.bin", b"1O")
    else:
        storage.delete("checkpoint-10/state.bin")
    saved = checkpoints.newest()
    assert saved is not None
    assert saved.step == 5
    checkpoints.begin(afresh=False)
    assert "step-000010.json" not in storage.names()


def test_two_are_kept_and_the_oldest_go(checkpoints: Checkpoints) -> None:
    for step in (5, 10, 15, 20):
        store(checkpoints, step, content(str(step)))
    assert [name for name in checkpoints.storage.names() if name.endswith(".json")] == [
        "step-000015.json",
        "step-000020.json",
    ]
    assert not any(name.startswith("checkpoint-5/") for name in checkpoints.storage.names())


def test_starting_afresh_leaves_nothing_that_a_later_resume_would_take_up(checkpoints: Checkpoints) -> None:
    store(checkpoints, 500, content("of an earlier attempt"))
    checkpoints.begin(afresh=True)
    assert checkpoints.newest() is None


def test_the_same_step_can_be_saved_again(checkpoints: Checkpoints) -> None:
    store(checkpoints, 5, content("first"))
    store(checkpoints, 5, content("second"))
    saved = checkpoints.newest()
    assert saved is not None
    assert (saved.directory / "state.bin").read_text() == "second"


def test_half_written_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".saving-abc").mkdir()
    (tmp_path / ".writing-abc").touch()
    said = Events("r1", 1, World(), os.open(os.devnull, os.O_WRONLY))
    Checkpoints(Folder(tmp_path, str(tmp_path)), said, "hf", 2).begin(afresh=False)
    assert list(tmp_path.iterdir()) == []
